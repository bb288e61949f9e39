import Crypto
import Foundation
import Testing
import X509

@testable import Credentials

@Suite struct PathBuilderTests {
  @Test("a path runs from the leaf over its intermediates to the root, in whatever order they came")
  func order() throws {
    let root = try PathFixture.authority("Root")
    let upper = try PathFixture.authority("Upper", by: root)
    let lower = try PathFixture.authority("Lower", by: upper)
    let leaf = try PathFixture.node("node.example", by: lower)
    let verdict = verify(PathRequest(leaf, through: [upper, root, lower], trust: [root]))
    #expect(verdict.path == [leaf, lower, upper, root].map(\.certificate))
  }

  @Test("a thousand issuers of one name and different keys end the search with a clear reason")
  func sameName() throws {
    let root = try PathFixture.authority("Root")
    let issuer = try PathFixture.authority("CA", by: root)
    let leaf = try PathFixture.node("node.example", by: issuer)
    let keys = (0..<8).map { _ in Certificate.PrivateKey(P256.Signing.PrivateKey()) }
    let imposters = try (0..<1_000).map { index in
      try PathFixture.authority("CA", by: root) {
        $0.key = keys[index % keys.count]
        $0.serial = Certificate.SerialNumber(index + 1)
      }
    }
    let rejection = verify(PathRequest(leaf, through: imposters, trust: [root])).rejection
    #expect(rejection?.first == .searchLimit("more than 100 signatures to check"))
    #expect(rejection?.underlying.contains(.badSignature(issuer: "CN=CA")) == true)
  }

  @Test("authorities that all sign each other end the search too")
  func mesh() throws {
    let keys = (0..<12).map { _ in Certificate.PrivateKey(P256.Signing.PrivateKey()) }
    let authorities = try keys.enumerated().map { index, key in
      try PathFixture.authority("CA \(index)") { $0.key = key }
    }
    let mesh = try authorities.enumerated().flatMap { upper, issuer in
      try keys.enumerated().filter { $0.offset != upper }.map { lower, key in
        try PathFixture.authority("CA \(lower)", by: issuer) { $0.key = key }
      }
    }
    let leaf = try PathFixture.node("node.example", by: try #require(authorities.first))
    let stranger = try PathFixture.authority("Stranger")
    let rejection = verify(PathRequest(leaf, through: mesh, trust: [stranger])).rejection
    #expect(rejection?.first.code == "search-limit")
  }

  /// Eight authorities of one name, each certified by the next, and junk of that name which looks self-signed and isn't.
  private func flood(junk count: Int) throws -> PathRequest {
    let stranger = try PathFixture.authority("CA")
    var issuer = stranger
    var sent: [PathFixture] = []
    for _ in 0..<8 {
      issuer = try PathFixture.authority("CA", by: issuer)
      sent.append(issuer)
    }
    let leaf = try PathFixture.node("node.example", by: issuer)
    for _ in 0..<count { sent.append(try PathFixture.authority("CA", by: stranger) { $0.hasAuthorityKey = false }) }
    return PathRequest(leaf, through: sent, trust: [try PathFixture.authority("Root")])
  }

  @Test("what looks self-signed costs a signature check, which counts")
  func junk() throws {
    let rejection = verify(try flood(junk: 200)).rejection
    #expect(rejection?.first == .searchLimit("more than 100 signatures to check"))
  }

  @Test("each candidate is judged once, and each signature is checked once, however many paths lead there")
  func once() throws {
    // Leaf and authorities are held against each authority that isn't below them: 8 + 7 + … + 1. Junk against itself.
    var request = try flood(junk: 20)
    request.limits.signatureChecks = 36 + 20
    #expect(verify(request).rejection?.first.code == "profile")
    request.limits.signatureChecks -= 1
    #expect(verify(request).rejection?.first == .searchLimit("more than 55 signatures to check"))
  }

  @Test("a leaf that looks self-signed counts too, and without a check it is rejected")
  func selfSignedLeaf() throws {
    let leaf = try PathFixture.make("node.example") { $0.hasAuthorityKey = false }
    var request = PathRequest(leaf, trust: [leaf])
    #expect(verify(request).path == [leaf.certificate])
    request.limits.signatureChecks = 0
    #expect(verify(request).rejection?.first == .searchLimit("more than 0 signatures to check"))
  }

  @Test("an unusable certificate in the bundle leaves the others usable")
  func unusable() throws {
    let root = try PathFixture.authority("Root")
    let leaf = try PathFixture.node("node.example", by: root)
    var request = PathRequest(leaf, trust: [root])
    request.trust.insert(CertificateInput(der: [0x30, 0x00]), at: 0)
    request.trust.insert(CertificateInput(der: []), at: 0)
    #expect(verify(request).rejection == nil)
  }

  @Test(
    "bytes that are no certificate are rejected as malformed", arguments: [[], [0x30], [0x30, 0x80], [0xff, 0xff]])
  func noCertificate(bytes: [UInt8]) {
    let verdict = verify(PathRequest(leaf: CertificateInput(der: bytes), trust: [], at: PathFixture.now))
    #expect(verdict.rejection?.first == .malformed("not a DER certificate"))
  }

  @Test("an oversized certificate isn't decoded")
  func oversized() {
    let bytes = [UInt8](repeating: 0x30, count: CertificateInput.sizeLimit + 1)
    #expect(CertificateInput(der: bytes).certificate == nil)
  }

  @Test("no truncation and no changed octet of leaf or issuer is accepted as if it were whole, and none traps")
  func mutations() throws {
    let root = try PathFixture.authority("Root") {
      $0.constraints = NameConstraints(permittedSubtrees: [.dnsName("example")])
    }
    let issuer = try PathFixture.authority("CA", by: root)
    let leaf = try PathFixture.node("node.example", by: issuer)
    for (index, whole) in [try leaf.der, try issuer.der].enumerated() {
      for offset in whole.indices {
        var changed = whole
        changed[offset] ^= 0x15
        for bytes in [changed, Array(whole.prefix(offset))] {
          var request = PathRequest(leaf, through: [issuer], trust: [root])
          if index == 0 {
            request.leaf = CertificateInput(der: bytes)
          } else {
            request.intermediates = [CertificateInput(der: bytes)]
          }
          #expect(verify(request).path == nil, "octet \(offset) of certificate \(index)")
        }
      }
    }
  }

  @Test("the operator sees the reason of the path that came furthest, and the others beneath it")
  func furthest() throws {
    let root = try PathFixture.authority("Root") { $0.pathLength = 0 }
    let shared = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let below = try PathFixture.authority("Mid", by: root)
    let good = try PathFixture.authority("CA", by: below) { $0.key = shared }
    let elsewhere = try PathFixture.authority("Elsewhere")
    let astray = try PathFixture.authority("CA", by: elsewhere) { $0.key = shared }
    let leaf = try PathFixture.node("node.example", by: good)
    let rejection = verify(PathRequest(leaf, through: [astray, good, below], trust: [root])).rejection
    #expect(rejection?.first == .pathLength(limit: 0))
    #expect(rejection?.subject == "CN=Root")
    #expect(rejection?.underlying == [.unknownIssuer("CN=Elsewhere")])
    #expect(rejection?.path.count == 4)
  }

  @Test("a rejection as JSON has code, message and section of each reason")
  func json() throws {
    let root = try PathFixture.authority("Root")
    let leaf = try PathFixture.node("node.example", by: root) { $0.lifetime = -20 ... -10 }
    let rejection = try #require(verify(PathRequest(leaf, trust: [root])).rejection)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let text = String(decoding: try encoder.encode(rejection), as: UTF8.self)
    #expect(
      text == #"{"first":{"code":"expired","message":"expired 2030-03-07T17:46:40Z; it is 2030-03-17T17:46:40Z","#
        + #""section":"RFC 5280 §6.1.3"},"path":["CN=node.example"],"subject":"CN=node.example","underlying":[]}"#)
  }
}
