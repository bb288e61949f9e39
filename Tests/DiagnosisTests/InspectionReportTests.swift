import Diagnosis
import Foundation
import PKITestKit
import Testing

@Suite("inspection: report")
struct InspectionReportTests {
  let bench: InspectionWorkbench

  init() throws {
    bench = try InspectionWorkbench()
    try bench.makeAuthority()
    try bench.makeNode()
  }

  @Test("the text names each thing, how they belong together and what to do")
  func text() throws {
    try bench.makeNode("second")
    let lines = try bench.inspect("node.crt", "second.key", "ca.crt").lines()
    #expect(lines.first == "node.crt:1: certificate (PEM)")
    #expect(lines.contains("  subject:       CN=node,O=Org"))
    #expect(lines.contains("  names:         DNS:node.example, IP:10.0.0.1, URI:spiffe://example/node"))
    #expect(lines.contains("node.crt:1 was issued by ca.crt:1"))
    #expect(lines.contains("error: second.key:1: the key doesn't match node.crt:1, ca.crt:1"))
    #expect(lines.contains { $0.hasPrefix("  fix: ") })
    #expect(lines.last == "1 error")
    #expect(try bench.inspect("node.crt", "ca.crt").lines().last == "nothing is wrong")
  }

  @Test("the JSON has the facts under stable names")
  func json() throws {
    let report = try bench.inspect("node.crt", at: bench.now.addingTimeInterval(400 * 86_400))
    let data = try JSONEncoder().encode(report)
    let root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let item = try #require((root["items"] as? [[String: Any]])?.first)
    #expect(item["kind"] as? String == "certificate")
    #expect((item["location"] as? [String: Any])?["file"] as? String == "node.crt")
    let facts = try #require(item["facts"] as? [String: Any])
    #expect(facts["subject"] as? String == "CN=node,O=Org")
    #expect((facts["key"] as? [String: Any])?["curve"] as? String == "P-256")
    let extensions = try #require(facts["extensions"] as? [String: Any])
    #expect(
      extensions["subjectAltNames"] as? [String] == ["DNS:node.example", "IP:10.0.0.1", "URI:spiffe://example/node"])
    let finding = try #require((root["findings"] as? [[String: Any]])?.first)
    #expect(finding["code"] as? String == "expired")
    #expect(finding["severity"] as? String == "error")
    #expect((finding["fix"] as? String)?.isEmpty == false)
  }

  @Test("no secret part of a key reaches the report")
  func secrets() throws {
    let report = try bench.inspect("node.key")
    let json = String(decoding: try JSONEncoder().encode(report), as: UTF8.self) + report.lines().joined()
    let body = try bench.text("node.key").split(separator: "\n").dropFirst().dropLast()
    for line in body { #expect(!json.contains(line)) }
  }

  @Test("a name that would move the terminal's cursor is written harmlessly")
  func terminal() throws {
    try bench.write(
      "c.cnf",
      "[req]\ndistinguished_name=d\nprompt=no\nutf8=yes\n[d]\nCN=a\u{1B}[2Jb\u{202E}c\n[e]\nsubjectAltName=DNS:x\u{1B}[2J\n"
    )
    try bench.openssl("req -x509 -config c.cnf -extensions e -newkey rsa:2048 -nodes -keyout k -out c.crt -days 90")
    let text = try bench.inspect("c.crt").lines().joined(separator: "\n")
    #expect(!text.unicodeScalars.contains("\u{1B}"))
    #expect(!text.unicodeScalars.contains("\u{202E}"))
    #expect(text.contains("CN=a\\1b[2Jb\\e2\\80\\aec"))
  }

  @Test("times are written as RFC 3339")
  func times() {
    #expect(DERTime.rfc3339(Date(timeIntervalSince1970: 0)) == "1970-01-01T00:00:00Z")
    #expect(DERTime.rfc3339(Date(timeIntervalSince1970: 951_782_400)) == "2000-02-29T00:00:00Z")
    #expect(DERTime.rfc3339(Date(timeIntervalSince1970: -1)) == "1969-12-31T23:59:59Z")
    #expect(DERTime.rfc3339(.distantFuture).hasSuffix("Z"))
    #expect(DERTime.rfc3339(Date(timeIntervalSince1970: .infinity)) == "9999-12-31T23:59:59Z")
  }
}
