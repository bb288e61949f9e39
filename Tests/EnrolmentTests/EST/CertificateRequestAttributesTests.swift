import Credentials
import Enrolment
import Foundation
import PKITestKit
import Testing

@Suite("CSR attributes")
struct CertificateRequestAttributesTests {
  @Test("nothing is asked where a rule leaves the key open")
  func open() {
    #expect(CertificateRequestAttributes(policy: .unrestricted, profile: .node).isEmpty)
    let policy = IssuancePolicy(rules: [PolicyRule(label: "1", keys: [.p256]), PolicyRule(label: "2")])
    #expect(CertificateRequestAttributes(policy: policy, profile: .node).isEmpty)
  }

  @Test("the rules for the profile decide")
  func profiles() {
    let policy = IssuancePolicy(rules: [
      PolicyRule(label: "1", keys: [.rsa4096, .p384], profiles: [.server]), PolicyRule(label: "2", profiles: [.client]),
    ])
    #expect(CertificateRequestAttributes(policy: policy, profile: .server).key == .p384)
    #expect(CertificateRequestAttributes(policy: policy, profile: .client).isEmpty)
    #expect(CertificateRequestAttributes(policy: policy, profile: .node).isEmpty)
  }

  @Test(
    "openssl reads them",
    arguments: [
      (KeyKind.p256, "prime256v1"), (.p384, "secp384r1"), (.p521, "secp521r1"), (.rsa2048, "0800"), (.rsa4096, "1000"),
      (.ed25519, "ED25519"),
    ])
  func encoding(_ kind: KeyKind, _ word: String) throws {
    let der = try CertificateRequestAttributes(key: kind).encode()
    let text = try Tool.openssl("asn1parse", "-inform", "DER", input: Data(der)).text
    #expect(text.contains(word))
  }
}
