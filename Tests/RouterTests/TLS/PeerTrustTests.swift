import Crypto
import Foundation
import Testing
import X509

@testable import Credentials
@testable import Router

@Suite("what a peer's chain may cost")
struct PeerTrustTests {
  private let now = PeerFixture.now

  private func trust(_ anchors: [PeerFixture], _ lists: [CertificateRevocationList] = []) -> PeerTrust {
    PeerTrust(
      anchors: anchors.map(\.input), purpose: .client,
      revocation: lists.isEmpty ? nil : Revocations(lists: lists, staleAfter: nil, whenStale: .closed))
  }

  @Test("a chain that is made to be expensive is given up early, and the refusal says so")
  func flood() throws {
    let stranger = try PeerFixture.authority("CA")
    var issuer = stranger
    var sent: [PeerFixture] = []
    for _ in 0..<8 {
      issuer = try PeerFixture.authority("CA", by: issuer)
      sent.append(issuer)
    }
    let leaf = try PeerFixture.node("robot-1", by: issuer)
    for _ in 0..<100 { sent.append(try PeerFixture.authority("CA", by: stranger) { $0.hasAuthorityKey = false }) }
    let trust = trust([try PeerFixture.authority("Root")])
    let refusal = try #require(trust.judge([leaf.der] + sent.map(\.der), at: now).refusal)
    #expect(refusal.code == "search-limit")
    #expect(refusal.message == "CN=robot-1: gave up: more than 16 signatures to check")
  }

  @Test("a path of more than six intermediates is refused, and the refusal says so")
  func deep() throws {
    let root = try PeerFixture.authority("Root")
    var issuer = root
    var sent: [PeerFixture] = []
    for number in 1...7 {
      let leaf = try PeerFixture.node("robot-1", by: issuer)
      #expect(trust([root]).judge([leaf.der] + sent.map(\.der), at: now).refusal == nil, "\(number - 1) intermediates")
      issuer = try PeerFixture.authority("CA \(number)", by: issuer)
      sent.append(issuer)
    }
    let leaf = try PeerFixture.node("robot-1", by: issuer)
    #expect(trust([root]).judge([leaf.der] + sent.map(\.der), at: now).refusal?.code == "path-too-long")
  }

  @Test("a change of roots, with all that certify each other meanwhile, is well within the limits")
  func crossSigned() throws {
    let (old, new) = (try PeerFixture.authority("Root"), try PeerFixture.authority("Root"))
    let newByOld = try PeerFixture.authority("Root", by: old) { $0.key = new.key }
    let oldByNew = try PeerFixture.authority("Root", by: new) { $0.key = old.key }
    let (upper, lower) = (
      Certificate.PrivateKey(P256.Signing.PrivateKey()), Certificate.PrivateKey(P256.Signing.PrivateKey())
    )
    let uppers = try [old, new].map { root in try PeerFixture.authority("Upper CA", by: root) { $0.key = upper } }
    let lowers = try uppers.enumerated().map { index, issuer in
      try PeerFixture.authority("Lower CA", by: issuer) {
        $0.key = lower
        $0.serial = index + 1
      }
    }
    let leaf = try PeerFixture.node("robot-1", by: try #require(lowers.first))
    let sent = [newByOld, oldByNew] + uppers + lowers
    for anchors in [[old], [new], [old, new], [new, old]] {
      #expect(trust(anchors).judge([leaf.der] + sent.map(\.der), at: now).refusal == nil)
    }
  }

  @Test("of a refusal that is kept, no certificates are, and no reasons but the first")
  func kept() throws {
    let stranger = try PeerFixture.authority("Stranger")
    let leaf = try PeerFixture.node("robot-1", by: stranger)
    let trust = PeerTrust(
      anchors: [try PeerFixture.authority("Root").input], purpose: .server, name: ReferenceName("robot-2.example.org"))
    let verdict = trust.judge([leaf.der, stranger.der], at: now)
    guard case .chain(let rejection)? = verdict.refusal?.cause else {
      Issue.record("\(String(describing: verdict.refusal))")
      return
    }
    #expect(rejection.path.isEmpty && rejection.underlying.isEmpty)
    #expect(rejection.first == .unknownIssuer("CN=Stranger") && verdict.peer?.commonNames == ["robot-1"])
  }

  @Test("the signatures of lists are checked before a peer comes")
  func lists() throws {
    let root = try PeerFixture.authority("Root")
    let leaf = try PeerFixture.node("robot-1", by: root)
    let list = try CertificateRevocationList(
      der: CertificateRevocationList.issue(
        entries: [], by: RevocationListIssuer(certificate: root.certificate, key: root.key),
        update: RevocationListUpdate(number: 1, thisUpdate: now - 60, nextUpdate: now + 3600)))
    let trust = trust([root], [list])
    var wasAsked = false
    let isSigned = list.knownSigners.isSigned(by: root.key.publicKey) {
      wasAsked = true
      return false
    }
    #expect(isSigned && !wasAsked)
    #expect(trust.judge([leaf.der], at: now).refusal == nil)
  }
}
