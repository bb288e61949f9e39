import Credentials
import Crypto
import Foundation
import Ledger
import Orchestrator
import PKITestKit
import SwiftASN1
import TLSRuntime
import X509

/// A root, the issuer below it that the service signs with, a partner's root, and those who come with certificates.
final class TransportPKI: Sendable {
  static let shared = Result { try TransportPKI() }

  struct Holder: Sendable {
    let certificate: Certificate
    let key: Certificate.PrivateKey
  }

  let directory: TemporaryDirectory
  let root: Holder
  let issuer: Holder
  let partner: Holder
  let server: Holder
  let reference: IssuerReference

  private init() throws {
    directory = try TemporaryDirectory()
    root = try Self.make("Root", authority: true)
    issuer = try Self.make("Issuer", authority: true, by: root)
    partner = try Self.make("Partner Root", authority: true)
    let stranger = try Self.make("Stranger Root", authority: true)
    server = try Self.make("localhost", by: issuer)
    reference = try IssuerReference(publicKey: issuer.certificate.publicKey, ordinal: 1)
    try write(root, "root")
    for name in ["node", "revoked", "live"] { try write(Self.make(name, by: issuer), name, with: issuer) }
    try write(Self.make("expired", by: issuer, until: Date() - 60), "expired", with: issuer)
    try write(Self.make("friend", by: partner), "friend")
    try write(Self.make("stranger", by: stranger), "stranger")
    let foreignIssuer = try Self.make("Partner's Issuer", authority: true, by: root)
    try write(Self.make("sideways", by: foreignIssuer), "sideways", with: foreignIssuer)
  }

  func path(_ name: String) -> String { directory.file(name).path }

  func certificate(_ name: String) throws -> Certificate {
    try Certificate(pemEncoded: String(contentsOf: directory.file("\(name).crt"), encoding: .utf8).firstPEM)
  }

  func revocation(of name: String) throws -> KnownRevocations.Key {
    KnownRevocations.Key(try certificate(name).serialNumber, of: reference)
  }

  var credential: TLSCredential {
    TLSCredential(chain: [server.certificate, issuer.certificate], key: server.key)
  }

  /// Another certificate of the service, with another key.
  func renewedCredential() throws -> TLSCredential {
    let new = try Self.make("localhost", by: issuer)
    return TLSCredential(chain: [new.certificate, issuer.certificate], key: new.key)
  }

  func trust(partners: Bool = false) -> PeerTrust {
    PeerTrust(
      issuers: [(issuer.certificate, reference)], roots: [root.certificate],
      partners: partners ? [.init(organization: "Partner", trust: [partner.certificate])] : [])
  }

  static func make(
    _ name: String, authority: Bool = false, by issuer: Holder? = nil, until end: Date = Date() + 86_400
  ) throws -> Holder {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let subject = try DistinguishedName { CommonName(name) }
    let certificate = try Certificate(
      version: .v3, serialNumber: .init(bytes: [1] + (0..<15).map { _ in .random(in: 0...255) }),
      publicKey: key.publicKey,
      notValidBefore: min(Date() - 3600, end - 3600), notValidAfter: end,
      issuer: issuer?.certificate.subject ?? subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try .init {
        if authority {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        } else {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth, .clientAuth])
          SubjectAlternativeNames([.dnsName(name)])
        }
        SubjectKeyIdentifier(hash: key.publicKey)
        if let issuer {
          AuthorityKeyIdentifier(
            keyIdentifier: try issuer.certificate.extensions.subjectKeyIdentifier?.keyIdentifier)
        }
      },
      issuerPrivateKey: issuer?.key ?? key)
    return Holder(certificate: certificate, key: key)
  }

  private func write(_ holder: Holder, _ name: String, with companion: Holder? = nil) throws {
    let chain = try [holder, companion].compactMap { try $0?.certificate.serializeAsPEM().pemString }
    try Data((chain.joined(separator: "\n") + "\n").utf8).write(to: directory.file("\(name).crt"))
    try Data((holder.key.serializeAsPEM().pemString + "\n").utf8).write(to: directory.file("\(name).key"))
  }
}

extension String {
  fileprivate var firstPEM: String {
    let end = "-----END CERTIFICATE-----"
    return components(separatedBy: end).first.map { $0 + end } ?? self
  }
}
