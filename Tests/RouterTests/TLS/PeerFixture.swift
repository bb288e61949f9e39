import Credentials
import Crypto
import Foundation
import X509

/// A certificate with its key, made for one test.
struct PeerFixture {
  static let now = Date(timeIntervalSince1970: 1_900_000_000)
  private static let day: TimeInterval = 86_400

  let certificate: Certificate
  let key: Certificate.PrivateKey
  let der: [UInt8]

  /// How a certificate differs from a plain one.
  struct Options {
    var key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    var serial = 1
    var names: [GeneralName] = []
    var hasAuthorityKey = true
  }

  var input: CertificateInput { .parsed(certificate) }

  static func authority(
    _ name: String, by issuer: PeerFixture? = nil, _ change: (inout Options) -> Void = { _ in }
  ) throws -> PeerFixture {
    try make(name, isAuthority: true, by: issuer, change)
  }

  static func node(
    _ name: String, by issuer: PeerFixture, _ change: (inout Options) -> Void = { _ in }
  ) throws -> PeerFixture {
    try make(name, isAuthority: false, by: issuer, change)
  }

  private static func make(
    _ name: String, isAuthority: Bool, by issuer: PeerFixture?, _ change: (inout Options) -> Void
  ) throws -> PeerFixture {
    var options = Options()
    change(&options)
    let subject = try DistinguishedName { CommonName(name) }
    let issuerKey = issuer?.key ?? options.key
    let certificate = try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(options.serial), publicKey: options.key.publicKey,
      notValidBefore: now - 10 * day, notValidAfter: now + 10 * day, issuer: issuer?.certificate.subject ?? subject,
      subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: extensions(options, isAuthority: isAuthority, issuer: issuerKey.publicKey),
      issuerPrivateKey: issuerKey)
    return PeerFixture(certificate: certificate, key: options.key, der: try certificate.derBytes())
  }

  private static func extensions(
    _ options: Options, isAuthority: Bool, issuer: Certificate.PublicKey
  ) throws -> Certificate.Extensions {
    try Certificate.Extensions {
      Critical(isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority)
      Critical(isAuthority ? KeyUsage(keyCertSign: true, cRLSign: true) : KeyUsage(digitalSignature: true))
      SubjectKeyIdentifier(hash: options.key.publicKey)
      if options.hasAuthorityKey {
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer).keyIdentifier)
      }
      if !isAuthority { try ExtendedKeyUsage([.serverAuth, .clientAuth]) }
      if !options.names.isEmpty { SubjectAlternativeNames(options.names) }
    }
  }
}
