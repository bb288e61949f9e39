import Diagnosis
import Foundation
import PKITestKit
import Testing

@Suite("inspection: files")
struct InspectionFileTests {
  let bench: InspectionWorkbench

  init() throws {
    bench = try InspectionWorkbench()
    try bench.makeAuthority()
  }

  @Test("fused lines and a missing final newline are told with their line")
  func fused() throws {
    try bench.makeAuthority("other", subject: "/CN=Other")
    let first = try bench.text("ca.crt")
    let second = try bench.text("other.crt")
    try bench.write("bundle.pem", String(first.dropLast() + second.dropLast()))
    let report = try bench.inspect("bundle.pem")
    #expect(report.certificates.count == 2)
    #expect(Set(report.codes) == [.pemFusedLines, .pemMissingFinalNewline])
    #expect(report.finding(.pemFusedLines)?.location.line == first.split(separator: "\n").count)
  }

  @Test("CRLF, a byte order mark and damaged base64 are told")
  func textDefects() throws {
    let text = try bench.text("ca.crt")
    #expect(bench.inspect(text: text.replacing("\n", with: "\r\n")).codes == [.pemCRLF])
    #expect(bench.inspect(text: "\u{FEFF}" + text).codes == [.pemByteOrderMark])
    #expect(bench.inspect(text: text.replacing("MII", with: "M*I")).codes == [.pemBadBase64])
    #expect(bench.inspect(text: String(text.dropLast(30))).codes.contains(.pemUnterminated))
  }

  @Test("dashes that a word processor replaced are told")
  func dashes() throws {
    let text = try bench.text("ca.crt").replacing("-----", with: "—–—")
    let report = bench.inspect(text: text)
    #expect(report.hasFindings)
    #expect(report.certificates.isEmpty)
  }

  @Test("DER is read; under the name .pem it is a finding")
  func der() throws {
    try bench.openssl("x509 -in ca.crt -outform DER -out ca.der")
    #expect(try bench.inspect("ca.der").findings == [])
    try bench.write("ca.pem", try bench.bytes("ca.der"))
    #expect(try bench.inspect("ca.pem").codes == [.derWherePEMExpected])
    try bench.write("ca.cer", try bench.bytes("ca.der") + [0, 0])
    #expect(try bench.inspect("ca.cer").codes == [.trailingBytes])
  }

  @Test(
    "what is no certificate is called by what it looks like",
    arguments: [
      ("", FindingCode.emptyFile, "empty"), (" \n\n", .emptyFile, "white space"),
      ("<!DOCTYPE html><html>", .notPEM, "web page"), ("ssh-ed25519 AAAA", .notPEM, "OpenSSH"),
      ("hello\n", .notPEM, "without any BEGIN"), (String(repeating: "TUlJQg==", count: 20), .notPEM, "base64"),
      ("\u{1F}\u{01}\u{02}", .unrecognized, "none of the formats"),
    ])
  func somethingElse(text: String, code: FindingCode, words: String) {
    let report = bench.inspect(text: text)
    #expect(report.codes == [code])
    #expect(report.findings.first?.what.contains(words) == true)
  }

  @Test("a file too large to be a certificate isn't looked into")
  func large() {
    let bytes = [UInt8](repeating: 0x30, count: Inspection.sizeLimit + 1)
    let report = Inspection.inspect([.init(name: "disk.img", bytes: bytes)], at: bench.now)
    #expect(report.codes == [.tooLarge])
  }

  @Test("a label that promises something else than the block holds is a finding")
  func label() throws {
    let text = try bench.text("ca.crt").replacing("CERTIFICATE", with: "PRIVATE KEY")
    let report = bench.inspect(text: text)
    #expect(report.codes == [.labelMismatch])
    #expect(report.certificates.count == 1)
  }

  @Test(
    "keys are read in every form that openssl writes",
    arguments: [
      ("ecparam -name prime256v1 -genkey -out k", "SEC1", "EC P-256"),
      ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out k", "PKCS#8", "EC P-384"),
      ("genrsa -traditional -out k 2048", "PKCS#1", "RSA 2048"), ("genrsa -out k 2048", "PKCS#8", "RSA 2048"),
      ("genpkey -algorithm ed25519 -out k", "PKCS#8", "Ed25519"),
    ])
  func keys(command: String, encoding: String, summary: String) throws {
    try bench.openssl(command)
    try bench.openssl("req -x509 -new -key k -subj /CN=x -days 90 -out c.crt -addext subjectAltName=DNS:x")
    let report = try bench.inspect("k", "c.crt")
    #expect(report.privateKeys.first?.encoding.rawValue == encoding)
    #expect(report.privateKeys.first?.summary == summary)
    #expect(report.relations.contains { $0.kind == .keyOf })
  }

  @Test("an encrypted key is described without its password, opened with it, and a wrong one is told")
  func encryptedKey() throws {
    try bench.openssl("pkcs8 -topk8 -in ca.key -out enc.key -v2 aes-256-cbc -passout pass:secret")
    let closed = try bench.inspect("enc.key")
    #expect(closed.findings == [])
    guard case .encryptedKey(let facts) = closed.items[0].content else {
      Issue.record("the key isn't described as encrypted")
      return
    }
    #expect(facts.summary == "PBES2, PBKDF2 with HMAC-SHA256, 2048 rounds, AES-256-CBC")
    let opened = try bench.inspect("enc.key", "ca.crt", password: "secret")
    #expect(opened.relations.map(\.kind) == [.keyOf])
    let wrong = try bench.inspect("enc.key", password: "guess")
    #expect(wrong.codes == [.wrongPassword])
    #expect(wrong.isPasswordWrong)
  }

  @Test("encryption that is too weak is a warning")
  func weakEncryption() throws {
    try bench.openssl("ec -in ca.key -out old.key -aes128 -passout pass:secret")
    #expect(try bench.inspect("old.key").codes == [.weakEncryption])
    #expect(try bench.inspect("old.key", "ca.crt", password: "secret").relations.count == 1)
    try bench.openssl("pkcs8 -topk8 -in ca.key -out 3des.key -v1 PBE-SHA1-3DES -passout pass:secret")
    let report = try bench.inspect("3des.key")
    #expect(report.codes == [.weakEncryption])
    #expect(report.finding(.weakEncryption)?.severity == .warning)
  }

  @Test("a key of OpenSSH is called by its name")
  func openSSH() {
    let text = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
    #expect(bench.inspect(text: text).codes == [.unsupportedFormat])
  }

  @Test("the certificates of a PKCS#7 bundle are read")
  func pkcs7() throws {
    try bench.openssl("crl2pkcs7 -nocrl -certfile ca.crt -out c.p7b")
    #expect(try bench.inspect("c.p7b").certificates.map(\.subject) == ["CN=Test_CA"])
    try bench.openssl("crl2pkcs7 -nocrl -certfile ca.crt -outform DER -out c.p7c")
    #expect(try bench.inspect("c.p7c").certificates.map(\.subject) == ["CN=Test_CA"])
  }

  @Test("text and trust settings that openssl puts around a certificate don't hide it")
  func surroundings() throws {
    try bench.openssl("x509 -in ca.crt -text -out text.crt")
    #expect(try bench.inspect("text.crt").findings == [])
    try bench.openssl("x509 -in ca.crt -trustout -addtrust serverAuth -out trusted.crt")
    #expect(try bench.inspect("trusted.crt").certificates.count == 1)
  }
}
