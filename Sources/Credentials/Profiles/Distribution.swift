import SwiftASN1
package import X509

/// Where what an issuer publishes is found: the addresses in the certificates that it signs.
package struct Distribution: Hashable, Sendable {
  /// The issuer's name in these addresses: the first 160 bits of the SHA-256 of its public key, in hexadecimal.
  ///
  /// Certificates carry it for years, so it names what stays: numbers of issuers change when an authority moves into
  /// another home, and an issuer that is certified anew with the same key goes on with the same list.
  package let name: String
  /// Without a slash at the end.
  package let base: String

  package var responder: String { base + "/ocsp" }
  package var issuer: String { "\(base)/issuers/\(name).crt" }
  package var revocationList: String { "\(base)/crl/\(name).crl" }

  /// - Parameter base: such as `http://orchestrator.example.org:8080`.
  /// - Throws: ``DistributionError``.
  package init(base: String, issuer key: Certificate.PublicKey) throws(DistributionError) {
    let trimmed = String(base.reversed().drop { $0 == "/" }.reversed())
    // RFC 5280 §8: who fetches a list over HTTPS may need that very list to trust the server.
    guard trimmed.hasPrefix("http://"), trimmed.utf8.count > "http://".utf8.count, trimmed.utf8.count <= 512,
      trimmed.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw .notPlainHTTP(base) }
    self.base = trimmed
    do { name = try Self.name(of: key) } catch { throw .unusableKey }
  }

  /// The name of the issuer with this key.
  package static func name(of key: Certificate.PublicKey) throws -> String {
    try Fingerprint(key).bytes.prefix(20).hexadecimal
  }

  /// authorityInfoAccess (RFC 5280 §4.2.2.1) and cRLDistributionPoints (§4.2.1.13).
  var extensions: [Certificate.Extension] {
    get throws {
      let access = AuthorityInformationAccess([
        .init(method: .ocspServer, location: .uniformResourceIdentifier(responder)),
        .init(method: .issuingCA, location: .uniformResourceIdentifier(issuer)),
      ])
      return [
        try Certificate.Extension(access, critical: false),
        Certificate.Extension(
          oid: ExtensionID.crlDistributionPoints, critical: false,
          value: try DistributionPoints.encode([.uniformResourceIdentifier(revocationList)])[...]),
      ]
    }
  }
}

/// Why certificates can't carry an address.
package enum DistributionError: ExplainedError, Hashable {
  case notPlainHTTP(String)
  case unusableKey

  package var message: String {
    switch self {
    case .notPlainHTTP(let text): "'\(text.prefix(100))' is not an address for revocation lists and OCSP"
    case .unusableKey: "the issuer's public key can't be encoded"
    }
  }

  package var hint: String? {
    switch self {
    case .notPlainHTTP: "give a plain one, such as http://pki.example.org:8080: never https (RFC 5280, section 8)"
    case .unusableKey: nil
    }
  }

  package var kind: FailureKind { .badInput }
}
