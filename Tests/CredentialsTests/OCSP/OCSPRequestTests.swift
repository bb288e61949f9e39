import Crypto
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@testable import Credentials

@Suite("OCSP requests")
struct OCSPRequestTests {
  private let root: PathFixture
  private let folder: TemporaryDirectory

  init() throws {
    root = try PathFixture.authority("Root")
    folder = try TemporaryDirectory()
    try Data(root.pem.utf8).write(to: folder.file("ca.pem"))
  }

  /// A request as openssl writes it.
  private func asked(_ arguments: String...) throws -> [UInt8] {
    try Tool.require("openssl", ["ocsp", "-reqout", "request"] + arguments, in: folder.url)
    return Array(try Data(contentsOf: folder.file("request")))
  }

  @Test("names the issuer by each hash that openssl uses", arguments: ["sha1", "sha256", "sha384", "sha512"])
  func hashes(name: String) throws {
    let request = try OCSPRequest(
      der: asked("-\(name)", "-issuer", "ca.pem", "-serial", "0x00fe0102", "-no_nonce"))
    let id = try #require(request.certificates.first)
    #expect(id.serial?.magnitude == [0xfe, 1, 2])
    let issuer = try #require(id.issuer)
    #expect("\(issuer.algorithm)" == name)
    #expect(IssuerHashes.all(of: root.certificate).contains(issuer))
    #expect(request.nonce == nil)
  }

  @Test("several certificates and a nonce are read")
  func several() throws {
    let request = try OCSPRequest(
      der: asked("-issuer", "ca.pem", "-serial", "1", "-serial", "2", "-sha256", "-serial", "3"))
    #expect(request.certificates.map { $0.serial?.magnitude } == [[1], [2], [3]])
    #expect(request.certificates.map(\.issuer?.algorithm) == [.sha1, .sha1, .sha256])
    #expect(request.nonce?.count == 18)
  }

  @Test("a signature and a name of who asks are stepped over")
  func signed() throws {
    let signer = try PathFixture.node("client.example", by: root)
    try Data(signer.pem.utf8).write(to: folder.file("signer.pem"))
    try Data(signer.key.serializeAsPEM().pemString.utf8).write(to: folder.file("signer.key"))
    let der = try asked("-issuer", "ca.pem", "-serial", "7", "-signer", "signer.pem", "-signkey", "signer.key")
    #expect(try OCSPRequest(der: der).certificates.map { $0.serial?.magnitude } == [[7]])
  }

  // MARK: Limits and refusals

  private static let id = derElement(
    DERTag.sequence, derElement(DERTag.sequence, [0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00]),
    derElement(DERTag.octetString, [UInt8](repeating: 1, count: 20)),
    derElement(DERTag.octetString, [UInt8](repeating: 2, count: 20)), [0x02, 0x01, 0x05])

  private static func request(
    version: [UInt8] = [], ids: [[UInt8]] = [id], single: [UInt8] = [], extensions: [UInt8] = [], after: [UInt8] = []
  ) -> [UInt8] {
    let list = ids.flatMap { derElement(DERTag.sequence, $0, single) }
    let tagged = extensions.isEmpty ? [] : derElement(0xa2, derElement(DERTag.sequence, extensions))
    return derElement(
      DERTag.sequence, derElement(DERTag.sequence, version, derElement(DERTag.sequence, list), tagged), after)
  }

  private static func ext(_ last: UInt8, critical: Bool = false, _ value: [UInt8]) -> [UInt8] {
    derElement(
      DERTag.sequence, [0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, last],
      critical ? [0x01, 0x01, 0xff] : [], derElement(DERTag.octetString, value))
  }

  private static func nonce(_ length: Int) -> [UInt8] {
    ext(2, derElement(DERTag.octetString, [UInt8](repeating: 9, count: length)))
  }

  @Test("a nonce of 1 to 128 octets is taken, another is malformed", arguments: [0, 1, 16, 32, 128, 129, 400])
  func nonceLength(length: Int) throws {
    let der = Self.request(extensions: Self.nonce(length))
    if (1...128).contains(length) {
      #expect(try OCSPRequest(der: der).nonce == derElement(DERTag.octetString, [UInt8](repeating: 9, count: length)))
    } else {
      #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: der) }
    }
  }

  @Test("a nonce that is no OCTET STRING is malformed")
  func bareNonce() {
    #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: Self.request(extensions: Self.ext(2, [1, 2, 3]))) }
  }

  @Test("an unknown extension is ignored, unless it is critical, in the request and beside a certificate")
  func criticalExtensions() throws {
    let harmless = Self.ext(99, [5, 0])
    let critical = Self.ext(99, critical: true, [5, 0])
    let wrapped = { (ext: [UInt8]) in derElement(0xa0, derElement(DERTag.sequence, ext)) }
    #expect(try OCSPRequest(der: Self.request(extensions: harmless)).certificates.count == 1)
    #expect(try OCSPRequest(der: Self.request(single: wrapped(harmless))).certificates.count == 1)
    #expect(throws: OCSPRequestError.criticalExtension) { try OCSPRequest(der: Self.request(extensions: critical)) }
    #expect(throws: OCSPRequestError.criticalExtension) {
      try OCSPRequest(der: Self.request(single: wrapped(critical)))
    }
    #expect(throws: OCSPRequestError.self) {
      try OCSPRequest(der: Self.request(extensions: Self.nonce(4) + Self.nonce(4)))
    }
  }

  @Test("version 1 may be said, no other")
  func version() throws {
    #expect(try OCSPRequest(der: Self.request(version: [0xa0, 3, 2, 1, 0])).certificates.count == 1)
    #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: Self.request(version: [0xa0, 3, 2, 1, 1])) }
  }

  @Test("no certificate, too many, surplus bytes and too long requests are refused")
  func limits() throws {
    let most = OCSPRequest.certificateLimit
    #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: Self.request(ids: [])) }
    #expect(try OCSPRequest(der: Self.request(ids: .init(repeating: Self.id, count: most))).certificates.count == most)
    #expect(throws: OCSPRequestError.tooMany(most)) {
      try OCSPRequest(der: Self.request(ids: .init(repeating: Self.id, count: most + 1)))
    }
    #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: Self.request(after: [5, 0])) }
    #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: Self.request() + [0]) }
    #expect(throws: OCSPRequestError.tooLarge(OCSPRequest.sizeLimit)) {
      try OCSPRequest(der: [UInt8](repeating: 0, count: OCSPRequest.sizeLimit + 1))
    }
  }

  @Test("no truncation and no changed octet traps")
  func mutations() {
    let whole = Self.request(version: [0xa0, 3, 2, 1, 0], extensions: Self.nonce(16))
    for offset in whole.indices {
      #expect(throws: OCSPRequestError.self) { try OCSPRequest(der: Array(whole.prefix(offset))) }
      for mask: UInt8 in [0x01, 0x15, 0x80, 0xff] {
        var changed = whole
        changed[offset] ^= mask
        _ = try? OCSPRequest(der: changed)
      }
    }
  }
}
