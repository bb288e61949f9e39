import Enrolment
import Foundation
import PKITestKit
import Testing

@Suite("Bodies of EST requests")
struct RequestBodyTests {
  private static let der = [UInt8](0..<200)
  private static let base64 = Data(der).base64EncodedString()

  @Test("base64 is read with and without white space (RFC 8951 §3.1)")
  func whiteSpace() throws {
    let folded = Data(Self.der).base64EncodedString(options: [.lineLength64Characters, .endLineWithCarriageReturn])
    for body in [Self.base64, folded, " \t\r\n" + Self.base64 + "\r\n", Self.base64.map { "\($0) " }.joined()] {
      #expect(try ESTRequestBody.decode(Array(body.utf8)) == Self.der)
    }
  }

  @Test("PEM is read, as openssl writes it")
  func pem() throws {
    let folder = try TemporaryDirectory()
    try Tool.openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
      folder.file("key").path, "-subj", "/CN=node-1", "-out", folder.file("csr").path)
    try Tool.openssl("req", "-in", folder.file("csr").path, "-outform", "DER", "-out", folder.file("der").path)
    let pem = Array(try Data(contentsOf: folder.file("csr")))
    #expect(try ESTRequestBody.decode(pem) == Array(try Data(contentsOf: folder.file("der"))))
    #expect(throws: EnrolmentError.notBase64) { try ESTRequestBody.decode(pem + pem) }
    let key = Array(try Data(contentsOf: folder.file("key")))
    #expect(throws: EnrolmentError.notBase64) { try ESTRequestBody.decode(key) }
  }

  @Test("what is empty, binary, damaged or too large is told apart")
  func refused() {
    #expect(throws: EnrolmentError.emptyBody) { try ESTRequestBody.decode(Array(" \n".utf8)) }
    #expect(throws: EnrolmentError.binaryBody) { try ESTRequestBody.decode([0x30, 0x82, 0x01, 0x00, 0xff]) }
    #expect(throws: EnrolmentError.notBase64) { try ESTRequestBody.decode(Array("MIIB*".utf8)) }
    #expect(throws: EnrolmentError.notBase64) { try ESTRequestBody.decode(Array(Self.base64.dropLast(2).utf8)) }
    let long = Array(Data(count: 16 * 1024 + 1).base64EncodedString().utf8)
    #expect(throws: EnrolmentError.tooLarge(what: "the certificate request", limit: 16_384)) {
      try ESTRequestBody.decode(long)
    }
    #expect(throws: EnrolmentError.tooLarge(what: "the request's body", limit: 32_768)) {
      try ESTRequestBody.decode([UInt8](repeating: 0x20, count: 32_769))
    }
  }

  @Test("openssl reads what is answered, which is one line (RFC 8951 §3)")
  func answer() throws {
    let body = ESTBody.encode(Self.der)
    #expect(!body.contains(UInt8(ascii: "\n")))
    let read = try Tool.openssl("base64", "-d", "-A", input: Data(body))
    #expect(Array(read.stdout) == Self.der)
  }
}
