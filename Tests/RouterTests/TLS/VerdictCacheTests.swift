import Credentials
import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import Router

// Expectations can't change what they look at.
private final class Cache {
  private var cache = VerdictCache()

  func verdict(_ chain: [[UInt8]], by trust: PeerTrust, at now: Date) -> PeerVerdict {
    cache.again(PeerVerdict(chain: chain, peer: nil, refusal: nil, until: .distantPast), by: trust, at: now)
  }

  func keepOnly(_ trusts: PeerTrust...) { cache.keepOnly(Set(trusts.map(\.id))) }
}

@Suite("verdicts that are remembered")
struct VerdictCacheTests {
  private static let start = Date(timeIntervalSince1970: 1_900_000_000)
  private static let end = start + 86_400

  private let authority: [UInt8]
  private let leaf: [UInt8]
  private let cache = Cache()
  private let noon = Self.start + 43_200

  init() throws {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let name = try DistinguishedName { CommonName("Fleet CA") }
    let identifier = SubjectKeyIdentifier(hash: key.publicKey)
    authority = try Self.certificate(
      name, key, by: name, key,
      try Certificate.Extensions {
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
        Critical(KeyUsage(keyCertSign: true, cRLSign: true))
        identifier
      }, until: Self.end + 86_400)
    leaf = try Self.certificate(
      try DistinguishedName { CommonName("robot-1") }, Certificate.PrivateKey(P256.Signing.PrivateKey()), by: name, key,
      try Certificate.Extensions {
        Critical(BasicConstraints.notCertificateAuthority)
        Critical(KeyUsage(digitalSignature: true))
        AuthorityKeyIdentifier(keyIdentifier: identifier.keyIdentifier)
        try ExtendedKeyUsage([.clientAuth])
        SubjectAlternativeNames([.dnsName("robot-1.example.org")])
      }, until: Self.end)
  }

  private static func certificate(
    _ subject: DistinguishedName, _ key: Certificate.PrivateKey, by issuer: DistinguishedName,
    _ issuerKey: Certificate.PrivateKey, _ extensions: Certificate.Extensions, until end: Date
  ) throws -> [UInt8] {
    try Certificate(
      version: .v3, serialNumber: Certificate.SerialNumber(bytes: [0x1f, 0x2e, 0x3d]), publicKey: key.publicKey,
      notValidBefore: start, notValidAfter: end, issuer: issuer, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
      extensions: extensions, issuerPrivateKey: issuerKey
    ).derBytes()
  }

  private func trust() -> PeerTrust { PeerTrust(anchors: [CertificateInput(der: authority)], purpose: .client) }

  @Test("the same bytes are verified once, for each trust by itself")
  func once() {
    let (first, second) = (trust(), trust())
    let found = cache.verdict([leaf], by: first, at: noon)
    #expect(found.refusal == nil && found.peer?.commonNames == ["robot-1"])
    #expect(cache.verdict([leaf], by: first, at: noon + 3600) === found)
    let other = cache.verdict([leaf], by: second, at: noon)
    #expect(other !== found && other.refusal == nil)
    #expect(cache.verdict([leaf], by: second, at: noon) === other)
    #expect(cache.verdict([leaf], by: first, at: noon) === found)
  }

  @Test("what one trust accepts, another refuses")
  func otherAnchors() {
    let (own, foreign) = (trust(), PeerTrust(anchors: [CertificateInput(der: leaf)], purpose: .server))
    #expect(cache.verdict([leaf], by: own, at: noon).refusal == nil)
    #expect(cache.verdict([leaf], by: foreign, at: noon).refusal != nil)
    #expect(cache.verdict([leaf], by: own, at: noon).refusal == nil)
  }

  @Test("nothing is accepted past the end of its certificate because it was before")
  func expired() {
    let trust = trust()
    let found = cache.verdict([leaf], by: trust, at: noon)
    #expect(found.until == Self.end && found.end == Self.end)
    #expect(cache.verdict([leaf], by: trust, at: Self.end - 1) === found)
    let later = cache.verdict([leaf], by: trust, at: Self.end + 1)
    #expect(later.refusal?.code == "expired")
  }

  @Test("a refusal holds for a moment only: a certificate may become valid")
  func refused() {
    let trust = trust()
    let early = cache.verdict([leaf], by: trust, at: Self.start - 5)
    #expect(early.refusal != nil)
    #expect(cache.verdict([leaf], by: trust, at: Self.start - 4) === early)
    #expect(cache.verdict([leaf], by: trust, at: Self.start + 60).refusal == nil)
  }

  @Test("a chain is all its certificates, each with its bounds and in its place")
  func chains() {
    let trust = trust()
    let chains: [[[UInt8]]] = [[[1, 2], [3]], [[1], [2, 3]], [[1, 2, 3]], [[3], [1, 2]], [[1, 2], [3], []]]
    let verdicts = chains.map { cache.verdict($0, by: trust, at: noon) }
    #expect(Set(verdicts.map { ObjectIdentifier($0) }).count == chains.count)
    for (chain, verdict) in zip(chains, verdicts) {
      #expect(verdict.chain == chain && cache.verdict(chain, by: trust, at: noon) === verdict)
    }
    // One more certificate makes no other of who was accepted, but it is another chain.
    let longer = cache.verdict([leaf, authority], by: trust, at: noon)
    #expect(longer.refusal == nil && longer !== cache.verdict([leaf], by: trust, at: noon))
  }

  @Test("what was judged by trust that is out of use is forgotten, and nothing else")
  func forgotten() {
    let (old, current) = (trust(), trust())
    let (before, kept) = (
      cache.verdict([leaf], by: old, at: noon), cache.verdict([leaf], by: current, at: noon)
    )
    cache.keepOnly(current)
    #expect(cache.verdict([leaf], by: current, at: noon) === kept)
    #expect(cache.verdict([leaf], by: old, at: noon) !== before)
  }

  @Test("strangers fill half of it at the most, and drive out nobody who belongs here")
  func strangers() {
    let trust = trust()
    let friend = cache.verdict([leaf], by: trust, at: noon)
    func stranger(_ number: Int) -> [[UInt8]] { [[UInt8(number & 0xff), UInt8(number >> 8)]] }
    let first = cache.verdict(stranger(0), by: trust, at: noon)
    for number in 1..<1000 { _ = cache.verdict(stranger(number), by: trust, at: noon) }
    #expect(cache.verdict(stranger(0), by: trust, at: noon) === first)
    for number in 1000..<5000 { _ = cache.verdict(stranger(number), by: trust, at: noon) }
    #expect(cache.verdict(stranger(0), by: trust, at: noon) !== first)
    #expect(cache.verdict([leaf], by: trust, at: noon) === friend)
  }
}
