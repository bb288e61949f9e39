import Credentials
import Formats
import Foundation
import Systems
import Testing
import X509

@Suite("whether a node needs another certificate")
struct CredentialReviewTests {
  private let bench: Workbench
  private let node: Node
  private let present: NodeCredential

  init() throws {
    bench = try Workbench()
    let identity = try Identity(
      commonName: "node.example", organization: "ORG1", names: [.init(host: "10.0.0.1")].compactMap { $0 })
    var node = Node(
      "node", identity: identity, source: .issued, defaults: FleetDefaults(), place: .init(line: 1, column: 1))
    node.renewBefore = .seconds(3600)
    self.node = node
    present = try bench.credential(identity)
  }

  private func reason(_ change: (inout Node) -> Void = { _ in }, at time: TimeInterval = 0) -> RenewalReason? {
    var node = node
    change(&node)
    return CredentialReview(now: bench.now + time, issuers: [bench.issuer.certificate]).reason(
      toReplace: present, of: node)
  }

  @Test("it keeps one that fits")
  func keeps() { #expect(reason() == nil) }

  @Test("it is missing, revoked, or asked for")
  func outside() {
    let review = CredentialReview(now: bench.now, issuers: [bench.issuer.certificate])
    #expect(review.reason(toReplace: nil, of: node) == .missing)
    var revoked = review
    revoked.isRevoked = true
    #expect(revoked.reason(toReplace: present, of: node) == .revoked)
    var asked = review
    asked.isAsked = true
    #expect(asked.reason(toReplace: present, of: node) == .asked)
  }

  @Test("it expires inside renewBefore, or has expired")
  func expiry() {
    let end = present.leaf.notValidAfter
    #expect(reason(at: 86_400 - 3601) == nil)
    #expect(reason(at: 86_400 - 3599) == .expiring(end))
    #expect(reason(at: 86_401) == .expired(end))
  }

  @Test("its names, subject, key or profile are others")
  func identity() throws {
    let other = try Identity(
      commonName: "node.example", organization: "ORG1", names: [.init(host: "10.0.0.2")].compactMap { $0 })
    #expect(
      reason { $0.identity = other } == .otherNames(missing: ["IP:10.0.0.2"], surplus: ["IP:10.0.0.1"]))
    let renamed = try Identity(commonName: "node.example", organization: "ORG2", names: node.identity.names)
    #expect(
      reason { $0.identity = renamed }
        == .otherSubject(was: "CN=node.example,O=ORG1", now: "CN=node.example,O=ORG2"))
    #expect(reason { $0.key = .rsa4096 } == .otherKey(was: "P-256", now: "RSA-4096"))
    let client = try bench.credential(node.identity, profile: .client)
    let review = CredentialReview(now: bench.now, issuers: [])
    #expect(review.reason(toReplace: client, of: node) == .otherProfile(.node))
  }

  @Test("another authority signed it, even one of the same name")
  func authority() throws {
    let other = try Workbench()
    let review = CredentialReview(now: bench.now, issuers: [other.issuer.certificate])
    #expect(review.reason(toReplace: present, of: node) == .otherAuthority("CN=Example Orchestrator CA"))
  }

  @Test("a request with another key needs a certificate of its own")
  func request() throws {
    let review = CredentialReview(now: bench.now, issuers: [bench.issuer.certificate])
    let key = try KeyKind.p256.generate().publicKey
    #expect(review.reason(toReplace: present, of: node, requested: key) == .otherRequest)
    #expect(review.reason(toReplace: present, of: node, requested: present.leaf.publicKey) == nil)
  }
}
