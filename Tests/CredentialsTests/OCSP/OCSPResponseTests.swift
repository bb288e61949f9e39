import Crypto
import CryptoExtras
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@testable import Credentials

@Suite("OCSP answers")
struct OCSPResponseTests {
  private static let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))

  private let issuer: Issuer
  private let folder: TemporaryDirectory

  init() throws {
    issuer = try Self.root(Certificate.PrivateKey(P256.Signing.PrivateKey()))
    folder = try TemporaryDirectory()
    try Data(issuer.certificate.serializeAsPEM().pemString.utf8).write(to: folder.file("ca.pem"))
  }

  private static func root(_ key: Certificate.PrivateKey, _ constraints: AuthorityConstraints = .init()) throws
    -> Issuer
  {
    try Issuer.root(
      AuthorityPlan(
        name: "Root", organization: "ORG1", lifetime: .seconds(86_400 * 365), constraints: constraints), key: key,
      serial: .init(bytes: [1, 2, 3]), at: now)
  }

  private static func signer(_ issuer: Issuer) throws -> OCSPSigner {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let issued = try issuer.issueResponder(
      key: key.publicKey, lifetime: .seconds(86_400), serial: .init(bytes: [9, 9]), at: now)
    return try OCSPSigner(issued, key: key)
  }

  private func question(_ arguments: String...) throws -> OCSPRequest {
    try Tool.require(
      "openssl", ["ocsp", "-issuer", "ca.pem", "-reqout", "request"] + arguments, in: folder.url)
    return try OCSPRequest(der: Array(Data(contentsOf: folder.file("request"))))
  }

  private func answers(_ request: OCSPRequest, _ status: OCSPStatus) -> [OCSPAnswer] {
    request.certificates.map {
      OCSPAnswer(
        id: $0, status: status, thisUpdate: Self.now.addingTimeInterval(-300),
        nextUpdate: Self.now.addingTimeInterval(3600))
    }
  }

  /// What openssl says of an answer to the request that lies in the folder.
  private func judge(_ der: [UInt8], serial: String, _ more: String...) throws -> Tool.Output {
    try Data(der).write(to: folder.file("response"))
    return try Tool.run(
      "openssl",
      [
        // Else a fresh nonce takes the place of the one in the request that is read.
        "ocsp", "-no_nonce", "-respin", "response", "-reqin", "request", "-issuer", "ca.pem", "-serial", serial,
        "-CAfile", "ca.pem", "-resp_text",
      ] + more, in: folder.url)
  }

  @Test("openssl verifies an answer by the issuer's responder, and finds the nonce and the status")
  func good() throws {
    let request = try question("-serial", "77")
    let der = try Self.signer(issuer).response(answers(request, .good), nonce: request.nonce, at: Self.now)
    let output = try judge(der, serial: "77")
    #expect(output.errors.contains("Response verify OK"), "\(output.errors)")
    #expect(!output.errors.contains("WARNING"), "\(output.errors)")
    #expect(output.text.contains("77: good"))
    for text in ["Version: 1 (0x0)", "Responder Id: ", "OCSP Signing", "OCSP No Check", "OCSP Nonce"] {
      #expect(output.text.contains(text))
    }
  }

  @Test("openssl reads when and why a certificate was revoked, and that one is unknown")
  func revoked() throws {
    let request = try question("-serial", "77", "-no_nonce")
    let signer = try Self.signer(issuer)
    let revoked = try signer.response(
      answers(request, .revoked(at: Self.now.addingTimeInterval(-60), reason: .keyCompromise)), nonce: nil,
      at: Self.now)
    let output = try judge(revoked, serial: "77", "-no_nonce")
    #expect(output.errors.contains("Response verify OK"))
    #expect(output.text.contains("77: revoked") && output.text.contains("Reason: keyCompromise"))
    let silent = try signer.response(
      answers(request, .revoked(at: Self.now, reason: nil)), nonce: nil, at: Self.now)
    #expect(try !judge(silent, serial: "77", "-no_nonce").text.contains("Reason"))
    let unknown = try signer.response(answers(request, .unknown), nonce: nil, at: Self.now)
    #expect(try judge(unknown, serial: "77", "-no_nonce").text.contains("77: unknown"))
  }

  @Test("each way to name the certificate is repeated byte for byte")
  func echo() throws {
    let request = try question("-serial", "1", "-sha256", "-serial", "2", "-sha512", "-serial", "3", "-no_nonce")
    let der = try Self.signer(issuer).response(answers(request, .good), nonce: nil, at: Self.now)
    var rest = der[...]
    for id in request.certificates {
      let found = try #require(rest.firstRange(of: id.encoded))
      rest = rest[found.upperBound...]
    }
    #expect(try judge(der, serial: "1", "-sha256", "-serial", "2").errors.contains("Response verify OK"))
  }

  @Test(
    "issuers with every kind of key have a responder that openssl trusts", arguments: ["p384", "ed25519", "rsa2048"])
  func kinds(kind: String) throws {
    let key: Certificate.PrivateKey =
      switch kind {
      case "p384": .init(P384.Signing.PrivateKey())
      case "ed25519": .init(Curve25519.Signing.PrivateKey())
      default: .init(try _RSA.Signing.PrivateKey(keySize: .bits2048))
      }
    let issuer = try Self.root(key)
    try Data(issuer.certificate.serializeAsPEM().pemString.utf8).write(to: folder.file("ca.pem"))
    let request = try question("-serial", "5")
    let der = try Self.signer(issuer).response(answers(request, .good), nonce: request.nonce, at: Self.now)
    let output = try judge(der, serial: "5")
    #expect(output.errors.contains("Response verify OK"))
    // None of these issuers signs the responder's certificate like this.
    #expect(output.text.contains("ecdsa-with-SHA256"))
  }

  @Test("openssl trusts the responder of no other issuer")
  func otherIssuer() throws {
    let request = try question("-serial", "5")
    let other = try Self.root(Certificate.PrivateKey(P256.Signing.PrivateKey()))
    let der = try Self.signer(other).response(answers(request, .good), nonce: request.nonce, at: Self.now)
    #expect(try judge(der, serial: "5").errors.contains("Response Verify Failure"))
  }

  @Test("the responder's certificate carries what RFC 6960 asks of it, within the issuer's constraints")
  func responderCertificate() throws {
    let constrained = try Self.root(
      Certificate.PrivateKey(P256.Signing.PrivateKey()), .init(organization: "ORG1"))
    let certificate = try Self.signer(constrained).certificate
    #expect(try certificate.extensions.extendedKeyUsage.map(Array.init) == [.ocspSigning])
    #expect(certificate.extensions[oid: [1, 3, 6, 1, 5, 5, 7, 48, 1, 5]]?.value == [5, 0])
    #expect(certificate.issuer == constrained.certificate.subject)
    #expect(certificate.subject.organization == "ORG1")
    let barred = try Self.root(Certificate.PrivateKey(P256.Signing.PrivateKey()), .init(organization: "ORG2"))
    #expect(throws: IssuanceError.self) { try Self.signer(barred) }
    #expect(throws: IssuanceError.self) {
      try issuer.issueResponder(
        key: certificate.publicKey, lifetime: .seconds(366 * 86_400), serial: .init(bytes: [1]), at: Self.now)
    }
  }

  @Test("errors are what openssl takes them for, and unsigned", arguments: OCSPFailure.allCases)
  func failures(failure: OCSPFailure) throws {
    #expect(failure.der == [0x30, 3, 0x0a, 1, failure.rawValue])
    _ = try question("-serial", "5")
    let output = try judge(failure.der, serial: "5")
    #expect(output.text.lowercased().contains("responder error: \(failure)".lowercased()), "\(output.text)")
  }

  @Test("pkilint finds nothing in the responder's certificate and its answers")
  func pkilint() throws {
    let request = try question("-serial", "77", "-sha256", "-serial", "78")
    let signer = try Self.signer(issuer)
    try Data(signer.certificate.serializeAsPEM().pemString.utf8).write(to: folder.file("responder.pem"))
    try Lint.expectNothing("lint_pkix_cert", ["lint"], folder.file("responder.pem"))
    for status in [OCSPStatus.good, .unknown, .revoked(at: Self.now, reason: .superseded)] {
      let der = try signer.response(answers(request, status), nonce: request.nonce, at: Self.now)
      try Data(der).write(to: folder.file("response"))
      try Lint.expectNothing("lint_ocsp_response", ["lint"], folder.file("response"))
    }
  }
}

extension Sequence<UInt8> where Self: Collection {
  fileprivate func firstRange(of part: [UInt8]) -> Range<Index>? {
    var start = startIndex
    while start != endIndex {
      if self[start...].starts(with: part) { return start..<index(start, offsetBy: part.count) }
      formIndex(after: &start)
    }
    return nil
  }
}
