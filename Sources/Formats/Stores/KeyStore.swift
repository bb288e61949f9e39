package import Foundation

/// What a PKCS#12 or JKS file holds: keys with their chains, and trusted certificates, each under an alias.
package struct KeyStore: Hashable, Sendable {
  package var entries: [Entry]

  package init(entries: [Entry] = []) {
    self.entries = entries
  }

  package struct Entry: Hashable, Sendable {
    package var alias: String
    /// When it was put into the store, where the format remembers that.
    package var date: Date?
    package var content: Content
    /// False for a certificate of a PKCS#12 file that Java doesn't see, because it lacks Java's mark of trust.
    package var isVisibleToJava: Bool

    package init(alias: String, date: Date? = nil, content: Content, isVisibleToJava: Bool = true) {
      self.alias = alias
      self.date = date
      self.content = content
      self.isVisibleToJava = isVisibleToJava
    }
  }

  package enum Content: Hashable, Sendable {
    /// A private key as PKCS#8 DER and its certificates as DER, the leaf first. The key is empty in a store that was
    /// read without its password.
    case key(pkcs8: [UInt8], chain: [[UInt8]])
    /// A certificate as DER.
    case trusted([UInt8])
  }

  /// The trusted certificates as DER, in order.
  package var trustedCertificates: [[UInt8]] {
    entries.compactMap { if case .trusted(let der) = $0.content { der } else { nil } }
  }
}
