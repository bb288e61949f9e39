import Credentials
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("Certificate signing requests")
struct RequestTests {
  private func opensslRequest(_ arguments: String...) throws -> [UInt8] {
    let scratch = try TemporaryDirectory()
    try Tool.require(
      "openssl",
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k", "-outform",
        "DER", "-out", "r",
      ] + arguments,
      in: scratch.url)
    return Array(try Data(contentsOf: scratch.file("r")))
  }

  @Test("openssl verifies the request that we make")
  func ours() throws {
    let scratch = try TemporaryDirectory()
    let request = try CertificateRequest(
      try Identity(commonName: "a.example", organization: "ORG1"), key: KeyKind.p256.generate())
    try Data(request.signed.derBytes()).write(to: scratch.file("r"))
    let text = try Tool.openssl("req", "-verify", "-inform", "DER", "-in", "r", "-noout", "-text", in: scratch.url).text
    #expect(text.contains("O = ORG1, CN = a.example"))
    #expect(text.contains("DNS:a.example"))
  }

  @Test("a request of openssl is granted its subject and names, and what can't be granted is said")
  func granted() throws {
    let der = try opensslRequest(
      "-subj", "/C=DE/O=ORG1/CN=a.example/emailAddress=a@example.org", "-addext",
      "subjectAltName=DNS:b.example,IP:10.0.0.1,URI:spiffe://example.org/a,email:a@example.org")
    let request = try VerifiedRequest(CertificateRequest(der: der))
    let grant = Grant(request, profile: .node, lifetime: .seconds(60))
    #expect(
      grant.names.map(\.description) == ["DNS:a.example", "DNS:b.example", "IP:10.0.0.1", "URI:spiffe://example.org/a"])
    #expect(grant.subject.organization == "ORG1")
    #expect(grant.omitted.count == 2)
    #expect(throws: RequestError.organizationDiffers(asked: "ORG1", expected: "ORG2")) {
      try request.require(commonName: nil, organization: "ORG2")
    }
    #expect(throws: RequestError.commonNameDiffers(asked: "a.example", expected: "b")) {
      try request.require(commonName: "b", organization: nil)
    }
  }

  @Test("a request for a CA certificate is refused", arguments: ["basicConstraints=CA:TRUE", "keyUsage=keyCertSign"])
  func authority(_ ext: String) throws {
    let der = try opensslRequest("-subj", "/CN=a", "-addext", ext)
    #expect(throws: RequestError.asksForAuthority) { try VerifiedRequest(CertificateRequest(der: der)) }
  }

  @Test("a request with a broken signature is refused")
  func brokenSignature() throws {
    var der = try opensslRequest("-subj", "/CN=aaaa")
    let name = Array("aaaa".utf8)
    let place = try #require(der.indices.first { der[$0...].starts(with: name) })
    der[place] = UInt8(ascii: "b")
    #expect(throws: RequestError.brokenSignature) { try VerifiedRequest(CertificateRequest(der: der)) }
  }

  @Test("a request cut off anywhere is undecodable and never traps")
  func truncated() throws {
    let der = try opensslRequest("-subj", "/CN=a")
    for length in 0..<der.count {
      #expect(throws: RequestError.self) { try CertificateRequest(der: Array(der[..<length])) }
    }
  }

  @Test("a request without any name is refused")
  func nameless() throws {
    let der = try opensslRequest("-subj", "/O=ORG1")
    #expect(throws: RequestError.noCommonName) { try VerifiedRequest(CertificateRequest(der: der)) }
  }
}
