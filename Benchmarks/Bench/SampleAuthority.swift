import Credentials
import Crypto
import Foundation
import Ledger
import X509

/// An authority with a P-256 key, and a node's request as it arrives: DER.
struct SampleAuthority {
  let key = P256.Signing.PrivateKey()
  let nodeKey = P256.Signing.PrivateKey()
  let issuer: Issuer
  let request: [UInt8]
  let reference: IssuerReference
  let now = Date(timeIntervalSince1970: 1_790_000_000)

  init() throws {
    issuer = try Issuer.root(
      AuthorityPlan(name: "Bench CA", organization: "Example", lifetime: .seconds(10 * 365 * 86_400)),
      key: Certificate.PrivateKey(key), serial: SerialNumber(bytes: [1, 2, 3]), at: now)
    let identity = try Identity(
      commonName: "node-1.example.org", organization: "Example",
      names: [.dns(DNSName("node-1.example.org")), .dns(DNSName("node-1.internal.example.org"))])
    request = try CertificateRequest(identity, key: Certificate.PrivateKey(nodeKey)).signed.derBytes()
    reference = try IssuerReference(publicKey: issuer.certificate.publicKey, ordinal: 1)
  }

  /// From a request's bytes to what the policy allowed: parsed, its signature verified, decided on.
  func authorize(_ der: [UInt8]) throws -> AuthorizedRequest {
    let verified = try VerifiedRequest(CertificateRequest(der: der))
    let grant = Grant(verified, profile: .node, lifetime: .seconds(90 * 86_400))
    return try IssuancePolicy.unrestricted.authorize(grant, as: .desk)
  }

  func serial() -> SerialNumber {
    var random = SystemRandomNumberGenerator()
    return SerialNumber.random(using: &random)
  }
}
