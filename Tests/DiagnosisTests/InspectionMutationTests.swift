import Diagnosis
import Foundation
import PKITestKit
import Testing

@Suite("inspection: damaged files")
struct InspectionMutationTests {
  let bench: InspectionWorkbench

  init() throws {
    bench = try InspectionWorkbench()
    try bench.makeAuthority()
    try bench.makeNode()
    try bench.openssl("x509 -in node.crt -outform DER -out node.der")
    try bench.openssl("req -in node.csr -outform DER -out request.der")
    try bench.openssl("pkcs8 -topk8 -nocrypt -in node.key -outform DER -out key.der")
    try bench.openssl("pkcs8 -topk8 -in node.key -outform DER -out locked.der -passout pass:secret")
    try bench.openssl("crl2pkcs7 -nocrl -certfile ca.crt -outform DER -out bundle.der")
  }

  @Test(
    "a file cut off anywhere is a finding, and never a crash",
    arguments: ["node.der", "request.der", "key.der", "locked.der", "bundle.der"])
  func truncated(name: String) throws {
    let bytes = try bench.bytes(name)
    for length in bytes.indices {
      let file = Inspection.NamedBytes(name: name, bytes: Array(bytes.prefix(length)))
      #expect(Inspection.inspect([file], at: bench.now).hasFindings, "\(length) of \(bytes.count) bytes")
    }
  }

  @Test("a certificate or request with one changed byte never passes as sound", arguments: ["node.der", "request.der"])
  func changedByte(name: String) throws {
    let authority = Inspection.NamedBytes(name: "ca.crt", bytes: try bench.bytes("ca.crt"))
    for copy in mutations(of: try bench.bytes(name)) {
      let report = Inspection.inspect([.init(name: name, bytes: copy), authority], at: bench.now)
      let isIssued = report.relations.contains { $0.kind == .issuedBy && $0.subject.file == name }
      #expect(report.hasFindings || !isIssued && name == "node.der")
    }
  }

  @Test(
    "a key or bundle with a changed byte is read or refused, never a crash",
    arguments: ["key.der", "locked.der", "bundle.der"])
  func changedStructure(name: String) throws {
    for copy in mutations(of: try bench.bytes(name)) {
      let report = Inspection.inspect([.init(name: name, bytes: copy)], at: bench.now)
      #expect(report.hasFindings || !report.items.isEmpty)
      #expect(try JSONEncoder().encode(report).count > 40)
    }
  }

  private func mutations(of bytes: [UInt8]) -> [[UInt8]] {
    bytes.indices.flatMap { index in
      [0xFF, bytes[index] ^ 0x01].filter { $0 != bytes[index] }.map { value in
        var copy = bytes
        copy[index] = value
        return copy
      }
    }
  }

  @Test("a certificate whose signed bytes changed is no longer issued by its authority")
  func changedCertificate() throws {
    var bytes = try bench.bytes("node.der")
    let name = try #require(bytes.indices.last { bytes[$0...].starts(with: Array("node.example".utf8)) })
    bytes[name] = UInt8(ascii: "m")
    try bench.write("changed.der", bytes)
    #expect(try bench.inspect("changed.der", "ca.crt").codes == [.badSignature])
  }

  @Test("a PEM file cut off anywhere never crashes")
  func truncatedPEM() throws {
    let bytes = try bench.bytes("node.crt") + bench.bytes("node.key")
    for length in stride(from: 0, to: bytes.count - 1, by: 3) {
      let report = Inspection.inspect([.init(name: "node.pem", bytes: Array(bytes.prefix(length)))], at: bench.now)
      #expect(report.hasFindings || report.certificates.count == 1)
    }
  }

  @Test("deep and endless structures end with a finding")
  func hostileStructures() {
    let deep = (0..<20_000).reduce(into: [UInt8]()) { bytes, _ in bytes += [0x30, 0x80] }
    let long: [UInt8] = [
      0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 0x30, 0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ]
    let tags: [UInt8] = [0x3F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]
    for bytes in [deep, long, tags] {
      #expect(Inspection.inspect([.init(name: "x", bytes: bytes)], at: bench.now).hasFindings)
    }
  }
}
