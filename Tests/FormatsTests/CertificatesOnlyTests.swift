import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("CMS with certificates only")
struct CertificatesOnlyTests {
  private let leaf: [UInt8]
  private let ca: [UInt8]

  init() throws {
    leaf = try Material.leaf(.p256).certificate
    ca = try Material.ca()
  }

  @Test("openssl lists what was written, in its order")
  func readByOpenSSL() throws {
    let message = try CertificatesOnly.encode([leaf, ca].map { try Certificate(derEncoded: $0) })
    let printed = try Tool.openssl("pkcs7", "-inform", "DER", "-print_certs", input: Data(message)).text
    let found = try PEM.parse(Array(printed.utf8)).map(\.der)
    #expect(found == [leaf, ca])
  }

  @Test("certtool takes it too")
  func readByCerttool() throws {
    let message = CertificatesOnly.encode(der: [leaf])
    let text = try Tool.require("certtool", ["--p7-info", "--inder"], input: Data(message)).text
    #expect(text.contains("Number of certificates: 1"))
  }

  @Test("what openssl writes is read, also in BER")
  func readFromOpenSSL() throws {
    let folder = try TemporaryDirectory()
    try Data(PEM.encode("CERTIFICATE", leaf).utf8).write(to: folder.file("leaf.pem"))
    try Data(PEM.encode("CERTIFICATE", ca).utf8).write(to: folder.file("ca.pem"))
    let message = try Tool.openssl(
      "crl2pkcs7", "-nocrl", "-certfile", "leaf.pem", "-certfile", "ca.pem", "-outform", "DER", in: folder.url
    ).stdout
    #expect(try Set(CertificatesOnly.decode(Array(message))) == [leaf, ca])
    // An outer sequence of indefinite length.
    var reader = Array(message)
    #expect(reader.first == 0x30 && reader[1] == 0x82)
    reader.replaceSubrange(1..<4, with: [0x80])
    #expect(try Set(CertificatesOnly.decode(reader + [0, 0])) == [leaf, ca])
  }

  @Test("no certificate is as good as any number", arguments: [0, 1, 2, 20])
  func roundTrip(count: Int) throws {
    let list = (0..<count).map { $0.isMultiple(of: 2) ? leaf : ca }
    #expect(try CertificatesOnly.decode(CertificatesOnly.encode(der: list)) == list)
  }

  @Test("a signed message, too many certificates, other bytes and every truncation are refused")
  func refused() throws {
    let message = CertificatesOnly.encode(der: [leaf])
    for length in message.indices {
      #expect(throws: FormatError.self) { try CertificatesOnly.decode(Array(message.prefix(length))) }
    }
    for position in message.indices {
      var changed = message
      changed[position] ^= 0x15
      _ = try? CertificatesOnly.decode(changed)
    }
    let many = CertificatesOnly.encode(der: [[UInt8]](repeating: [0x30, 0], count: 257))
    #expect(throws: FormatError.tooLarge(what: "the number of certificates in a CMS message", limit: 256)) {
      try CertificatesOnly.decode(many)
    }
    #expect(throws: FormatError.self) {
      try CertificatesOnly.decode([UInt8](repeating: 0x30, count: CertificatesOnly.sizeLimit + 1))
    }
    let folder = try TemporaryDirectory()
    try Tool.openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "key", "-out", "crt",
      "-subj", "/CN=Signer", in: folder.url)
    let signed = try Tool.openssl(
      "cms", "-sign", "-signer", "crt", "-inkey", "key", "-outform", "DER", "-nodetach", in: folder.url,
      input: Data("x".utf8))
    #expect(throws: FormatError.unsupported("a CMS message with signers")) {
      try CertificatesOnly.decode(Array(signed.stdout))
    }
  }
}
