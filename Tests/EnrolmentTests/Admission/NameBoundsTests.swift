import Credentials
import Enrolment
import Foundation
import SwiftASN1
import Testing
import X509

@Suite("Bounds of an admission")
struct NameBoundsTests {
  private func grant(
    _ name: String, _ organization: String? = nil, _ names: [SubjectName] = [], profile: Profile = .node
  ) throws -> Grant {
    let identity = try Identity(commonName: name, organization: organization, names: names)
    let request = try CertificateRequest(identity, key: try KeyKind.p256.generate())
    return Grant(try VerifiedRequest(request), profile: profile, lifetime: .seconds(3600))
  }

  private func isRefused(_ bounds: NameBounds, _ grant: Grant, named: Bool = false) -> Bool {
    bounds.refusal(of: grant, isNamedByPolicy: { _ in named }) != nil
  }

  @Test("a name is good for itself and nothing beside it")
  func oneName() throws {
    let bounds = NameBounds(commonName: "node-1.example", dns: ["node-1.example"])
    #expect(!isRefused(bounds, try grant("node-1.example")))
    #expect(!isRefused(bounds, try grant("node-1.example", "ORG1")))
    #expect(isRefused(bounds, try grant("node-2.example")))
    #expect(isRefused(bounds, try grant("Node-1.example")))
    #expect(isRefused(bounds, try grant("node-1.example", nil, [.dns(DNSName("other.example"))])))
    #expect(isRefused(bounds, try grant("node-1.example", nil, [.dns(DNSName("*.node-1.example"))])))
  }

  @Test("addresses and URIs need a policy that names them outright, or to be the name itself")
  func addresses() throws {
    let bounds = NameBounds(commonName: "10.0.0.1", dns: [])
    let address = try #require(IPAddress("10.0.0.2"))
    #expect(!isRefused(bounds, try grant("10.0.0.1")))
    #expect(isRefused(bounds, try grant("10.0.0.1", nil, [.ip(address)])))
    #expect(!isRefused(bounds, try grant("10.0.0.1", nil, [.ip(address)]), named: true))
    let uri = SubjectName.uri(try URIName("spiffe://example.org/node"))
    #expect(isRefused(bounds, try grant("10.0.0.1", nil, [uri])))
    #expect(!isRefused(.none, try grant("a", nil, [uri, .ip(address)])))
  }

  @Test("an organization has to be the one, and its suffixes hold for DNS names")
  func organization() throws {
    let bounds = NameBounds(organization: "ORG2", dns: [".org2.example", "org2.example"])
    for name in ["node.org2.example", "a.b.org2.example", "org2.example"] {
      #expect(!isRefused(bounds, try grant(name, "ORG2")), "\(name)")
    }
    for name in ["node.org1.example", "evilorg2.example", "org2.example.evil", "Worker 1"] {
      #expect(isRefused(bounds, try grant(name, "ORG2")), "\(name)")
    }
    #expect(isRefused(bounds, try grant("node.org2.example", "ORG1")))
    #expect(isRefused(bounds, try grant("node.org2.example")))
    #expect(isRefused(bounds, try grant("node.org2.example", "org2")))
    #expect(isRefused(NameBounds(dns: [".org2.example"]), try grant("x y", nil, [.dns(DNSName("a.example"))])))
  }

  @Test("a renewal keeps subject, names and profile (RFC 7030 §4.2.2)")
  func renewal() throws {
    let extra = SubjectName.dns(try DNSName("b.example"))
    let old = try grant("a.example", "ORG1", [extra], profile: .client)
    let certificate = try Issuer.selfSigned(
      old, key: try KeyKind.p256.generate(), serial: Certificate.SerialNumber(bytes: [1]), at: .now
    ).certificate
    let bounds = NameBounds.renewal(of: certificate)
    #expect(!isRefused(bounds, old))
    #expect(!isRefused(bounds, try grant("a.example", "ORG1", [extra], profile: .client)))
    #expect(isRefused(bounds, try grant("a.example", "ORG1", [extra], profile: .node)))
    #expect(isRefused(bounds, try grant("a.example", "ORG1", profile: .client)))
    #expect(isRefused(bounds, try grant("a.example", "ORG2", [extra], profile: .client)))
    #expect(isRefused(bounds, try grant("a.example", nil, [extra], profile: .client)))
    #expect(isRefused(bounds, try grant("a.example", "org1", [extra], profile: .client)))
    let more = try DNSName("c.example")
    #expect(isRefused(bounds, try grant("a.example", "ORG1", [extra, .dns(more)], profile: .client), named: true))
  }

  @Test("a renewal keeps the letters of the subject, whatever string type holds them (RFC 7030 §4.2.2)")
  func letters() throws {
    let certificate = try Issuer.selfSigned(
      try grant("Caf\u{e9} 1", "ORG1"), key: try KeyKind.p256.generate(),
      serial: Certificate.SerialNumber(bytes: [1]), at: .now
    ).certificate
    let bounds = NameBounds.renewal(of: certificate)
    #expect(!isRefused(bounds, try grant("Caf\u{e9} 1", "ORG1")))
    for other in ["caf\u{e9} 1", "Caf\u{e9}  1", "Cafe\u{301} 1"] {
      #expect(isRefused(bounds, try grant(other, "ORG1")), "\(other)")
    }
    let organization = try RelativeDistinguishedName.Attribute(
      type: .RDNAttributeType.organizationName, printableString: "ORG1")
    let name = RelativeDistinguishedName.Attribute(type: .RDNAttributeType.commonName, utf8String: "Caf\u{e9} 1")
    for (subject, isSame) in [([organization, name], true), ([name, organization], false), ([name], false)] {
      let request = try CertificateSigningRequest(
        version: .v1, subject: DistinguishedName(subject.map { RelativeDistinguishedName($0) }),
        privateKey: try KeyKind.p256.generate(), attributes: CertificateSigningRequest.Attributes([]))
      let verified = try VerifiedRequest(CertificateRequest(der: try request.derBytes()))
      let grant = Grant(verified, profile: .node, lifetime: .seconds(3600))
      #expect(isRefused(bounds, grant) != isSame, "\(grant.subject)")
    }
  }
}
