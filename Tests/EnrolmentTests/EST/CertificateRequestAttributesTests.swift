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

  private func key(_ rules: PolicyRule...) -> KeyKind? {
    CertificateRequestAttributes(policy: IssuancePolicy(rules: rules), profile: .node).key
  }

  @Test("where rules want different keys, one that all of them take is asked for, and none else")
  func severalRules() {
    let overlapping = key(
      PolicyRule(label: "1", keys: [.p256, .p384]), PolicyRule(label: "2", keys: [.p384, .p521]))
    #expect(overlapping == .p384)
    #expect(key(PolicyRule(label: "1", keys: [.p384]), PolicyRule(label: "2", keys: [.ed25519])) == nil)
  }

  @Test("a rule for admissions that EST doesn't have is not asked")
  func admissions() {
    let p384 = PolicyRule(label: "2", keys: [.p384])
    for kind in [AdmissionKind.desk, .operator, .lateRenewal, .service] {
      #expect(key(PolicyRule(label: "1", admissions: [kind]), p384) == .p384, "\(kind)")
    }
    for kind in [AdmissionKind.token, .password, .approval, .partner, .renewal] {
      #expect(key(PolicyRule(label: "1", admissions: [.desk, kind]), p384) == nil, "\(kind)")
    }
    #expect(key(PolicyRule(label: "1", keys: [.p256], admissions: [.desk])) == nil)
  }

  @Test("they are encoded as RFC 8951 §4 has it, the key as an attribute")
  func structure() throws {
    // SEQUENCE { SEQUENCE { id-ecPublicKey, SET { secp384r1 } } }: so it stands in the example of RFC 8951.
    let p384: [UInt8] = [
      0x30, 0x14, 0x30, 0x12, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x31, 0x07, 0x06, 0x05, 0x2b, 0x81,
      0x04, 0x00, 0x22,
    ]
    #expect(try CertificateRequestAttributes(key: .p384).encode() == p384)
    let ed25519: [UInt8] = [0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70]
    #expect(try CertificateRequestAttributes(key: .ed25519).encode() == ed25519)
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
