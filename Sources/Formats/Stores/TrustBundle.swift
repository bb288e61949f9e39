import Crypto
package import Foundation

/// An ordered set of CA certificates, each in it once.
package struct TrustBundle: Hashable, Sendable {
  /// As DER, in the order in which they were added.
  package private(set) var certificates: [[UInt8]] = []

  package init() {}

  package init(_ certificates: [[UInt8]]) {
    for certificate in certificates { add(certificate) }
  }

  /// SHA-256 of the DER, which is what a certificate is identified by.
  package static func fingerprint(of certificate: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: certificate)) }

  package func contains(_ certificate: [UInt8]) -> Bool { certificates.contains(certificate) }

  /// - Returns: whether the bundle changed.
  @discardableResult
  package mutating func add(_ certificate: [UInt8]) -> Bool {
    guard !contains(certificate) else { return false }
    certificates.append(certificate)
    return true
  }

  /// - Returns: whether the bundle changed.
  @discardableResult
  package mutating func remove(fingerprint: [UInt8]) -> Bool {
    let before = certificates.count
    certificates.removeAll { Self.fingerprint(of: $0) == fingerprint }
    return certificates.count != before
  }

  /// PEM that may be concatenated with more PEM.
  package func pem() -> String { certificates.map { PEM.encode("CERTIFICATE", $0) }.joined() }

  /// Reads the certificates of a PEM or DER file, a JKS or a PKCS#12 store; of a store also those in the chains of
  /// keys are left out, since Java doesn't trust them either.
  /// - Throws: `.notPEM` when there is no certificate; what the format's decoder throws.
  package static func decode(
    _ bytes: [UInt8], password: String?, legacy: (any LegacyDecryption)?
  ) throws(FormatError) -> TrustBundle {
    switch StoreFormat(of: bytes) {
    case .jks:
      guard let password else { throw .passphraseNeeded }
      return TrustBundle(try JKS.decode(bytes, password: password).trustedCertificates)
    case .pkcs12:
      return TrustBundle(try PKCS12.decode(bytes, password: password, legacy: legacy).trustedCertificates)
    case .certificate:
      return TrustBundle([bytes])
    case .pem, nil:
      let certificates = try PEM.parse(bytes).filter(PEM.isCertificate).map(\.der)
      guard !certificates.isEmpty else { throw .notPEM("a certificate") }
      return TrustBundle(certificates)
    }
  }
}

/// How a file holds certificates, told by its bytes.
package enum StoreFormat: Hashable, Sendable, CaseIterable {
  case pem, certificate, jks, pkcs12

  /// Nil where the bytes are none of these.
  package init?(of bytes: [UInt8]) {
    if JKS.isLikely(bytes) {
      self = .jks
    } else if PEM.isLikely(bytes) {
      self = .pem
    } else if CertificateFields(der: bytes) != nil {
      self = .certificate
    } else if PKCS12.isLikely(bytes) {
      self = .pkcs12
    } else {
      return nil
    }
  }
}

extension KeyStore {
  /// Adds a trusted certificate unless the store trusts it already, under whatever alias.
  /// - Parameter alias: made unique with a number where it is taken.
  /// - Returns: whether the store changed.
  @discardableResult
  package mutating func trust(_ certificate: [UInt8], alias: String, date: Date?) -> Bool {
    if let index = entries.firstIndex(where: { $0.content == .trusted(certificate) }) {
      defer { entries[index].isVisibleToJava = true }
      return !entries[index].isVisibleToJava
    }
    let taken = Set(entries.map { $0.alias.lowercased() })
    var unique = alias
    var number = 2
    while taken.contains(unique.lowercased()) {
      unique = "\(alias)-\(number)"
      number += 1
    }
    entries.append(Entry(alias: unique, date: date, content: .trusted(certificate)))
    return true
  }

  /// Removes a trusted certificate by its SHA-256 fingerprint.
  /// - Returns: whether the store changed.
  @discardableResult
  package mutating func distrust(fingerprint: [UInt8]) -> Bool {
    let before = entries.count
    entries.removeAll { entry in
      if case .trusted(let der) = entry.content { TrustBundle.fingerprint(of: der) == fingerprint } else { false }
    }
    return entries.count != before
  }
}
