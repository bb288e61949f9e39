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

  var count: Int { cache.count }
  var bytes: Int { cache.bytes }
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

  @Test("refused chains are remembered up to 8 KiB, accepted ones whatever their size")
  func longChains() {
    let trust = trust()
    for (length, isKept) in [(8 << 10, true), (8 << 10 | 1, false)] {
      let chain = [[UInt8](repeating: 0, count: length)]
      let first = cache.verdict(chain, by: trust, at: noon)
      #expect((cache.verdict(chain, by: trust, at: noon) === first) == isKept, "\(length)")
    }
    let padded = [leaf, [UInt8](repeating: 0, count: 30_000)]
    let found = cache.verdict(padded, by: trust, at: noon)
    #expect(found.refusal == nil && cache.verdict(padded, by: trust, at: noon) === found)
  }

  @Test("a holder of one certificate who adds something new to its chain each time fills no more than 12 MiB")
  func padding() {
    let trust = trust()
    var latest: (chain: [[UInt8]], verdict: PeerVerdict)?
    for number in 0..<600 {
      var surplus = [UInt8](repeating: 0, count: 30_000)
      surplus[0] = UInt8(number & 0xff)
      surplus[1] = UInt8(number >> 8)
      latest = ([leaf, surplus], cache.verdict([leaf, surplus], by: trust, at: noon))
    }
    #expect(cache.bytes <= 12 << 20 && cache.count > 100)
    if let latest { #expect(cache.verdict(latest.chain, by: trust, at: noon) === latest.verdict) }
  }

  @Test("who comes again stays, however many others come only once")
  func again() {
    let trust = trust()
    let friend = cache.verdict([leaf], by: trust, at: noon)
    for number in 0..<900 {
      var surplus = [UInt8](repeating: 0, count: 30_000)
      surplus[0] = UInt8(number & 0xff)
      surplus[1] = UInt8(number >> 8)
      _ = cache.verdict([leaf, surplus], by: trust, at: noon)
      if number % 50 == 0 { #expect(cache.verdict([leaf], by: trust, at: noon) === friend) }
    }
    #expect(cache.bytes <= 12 << 20)
  }

  @Test("a chain of many short names counts as what they take, and not as the bytes that they came in")
  func manyNames() throws {
    let stranger = try PeerFixture.authority("Stranger")
    let names = try PeerFixture.node("robot-1", by: stranger) {
      $0.names = [GeneralName](repeating: .dnsName("a"), count: 2000)
    }
    let found = cache.verdict([names.der], by: trust(), at: noon)
    #expect(found.refusal != nil && names.der.count < 8 << 10 && cache.count == 1)
    #expect(cache.bytes > 2000 * MemoryLayout<String>.size)
  }

  @Test("refusals that hold no longer are forgotten, whether or not somebody asks for them")
  func forgottenRefusals() {
    let trust = trust()
    for number in 0..<200 { _ = cache.verdict([[UInt8(number)]], by: trust, at: noon) }
    #expect(cache.count == 200)
    let friend = cache.verdict([leaf], by: trust, at: noon + 9)
    #expect(cache.count == 201)
    #expect(cache.verdict([leaf], by: trust, at: noon + 20) === friend)
    #expect(cache.count == 1)
    _ = cache.verdict([[1]], by: trust, at: noon + 21)
    // The clock of the calendar was set back.
    #expect(cache.verdict([leaf], by: trust, at: noon) === friend)
    #expect(cache.count == 1)
  }

  @Test("what trust that is out of use has judged takes no room any more")
  func roomAgain() {
    let (old, current) = (trust(), trust())
    _ = cache.verdict([leaf], by: old, at: noon)
    _ = cache.verdict([[1]], by: old, at: noon)
    cache.keepOnly(current)
    #expect(cache.count == 0 && cache.bytes == 0)
  }
}
