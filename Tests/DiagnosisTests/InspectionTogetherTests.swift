import Diagnosis
import Foundation
import PKITestKit
import Testing

@Suite("inspection: things that belong together")
struct InspectionTogetherTests {
  let bench: InspectionWorkbench

  init() throws {
    bench = try InspectionWorkbench()
    try bench.makeAuthority()
    try bench.makeNode()
  }

  @Test("a key of another certificate is a finding, in one file and in two")
  func mismatch() throws {
    try bench.makeNode("second")
    let two = try bench.inspect("second.key", "node.crt")
    #expect(two.codes == [.keyMismatch])
    #expect(two.finding(.keyMismatch)?.location.file == "second.key")
    try bench.write("both.pem", try bench.text("second.key") + bench.text("node.crt"))
    #expect(try bench.inspect("both.pem").codes == [.keyMismatch])
    try bench.write("fitting.pem", try bench.text("node.key") + bench.text("node.crt"))
    #expect(try bench.inspect("fitting.pem").findings == [])
    #expect(try bench.inspect("node.key", "node.crt", "second.key", "second.crt", "ca.crt").findings == [])
  }

  @Test("a leaf that another authority issued is a finding, with the same name or another")
  func foreignAuthority() throws {
    try bench.makeAuthority("foreign", subject: "/CN=Foreign")
    #expect(try bench.inspect("node.crt", "foreign.crt").codes == [.notIssuedBy])
    try bench.makeAuthority("namesake")
    let report = try bench.inspect("node.crt", "namesake.crt")
    #expect(report.codes == [.badSignature])
    #expect(report.finding(.badSignature)?.why.contains("the keys aren't") == true)
    #expect(try bench.inspect("node.crt", "namesake.crt", "ca.crt").findings == [])
  }

  @Test("a chain has its leaf first, then each one's issuer")
  func chain() throws {
    // Made a second later, a leaf of the same number of days would outlive its issuer.
    try bench.makeNode("middle", days: 400, isAuthority: true)
    try bench.makeNode("leaf", issuer: "middle")
    let leaf = try bench.text("leaf.crt")
    let middle = try bench.text("middle.crt")
    let root = try bench.text("ca.crt")
    try bench.write("good.pem", leaf + middle)
    #expect(try bench.inspect("good.pem", "ca.crt").findings == [])
    try bench.write("whole.pem", leaf + middle + root)
    #expect(try bench.inspect("whole.pem").findings == [])
    try bench.write("reversed.pem", middle + leaf)
    let reversed = try bench.inspect("reversed.pem")
    #expect(reversed.codes == [.chainOrder])
    #expect(reversed.finding(.chainOrder)?.fix.contains("CN=leaf,O=Org → CN=middle,O=Org") == true)
    try bench.write("mixed.pem", leaf + root + middle)
    #expect(try bench.inspect("mixed.pem").codes == [.chainOrder])
  }

  @Test("a bundle to trust has no duplicates, no leaf and no key in it")
  func bundle() throws {
    try bench.makeAuthority("next", subject: "/CN=Next")
    let root = try bench.text("ca.crt")
    let next = try bench.text("next.crt")
    try bench.write("ca-bundle.pem", root + next)
    #expect(try bench.inspect("ca-bundle.pem").findings == [])
    try bench.write("ca-twice.pem", root + next + root)
    #expect(try bench.inspect("ca-twice.pem").codes == [.duplicate])
    try bench.write("ca-leaf.pem", root + next + bench.text("node.crt"))
    #expect(try bench.inspect("ca-leaf.pem").codes == [.leafInTrustBundle])
    try bench.write("ca-key.pem", root + bench.text("ca.key"))
    #expect(try bench.inspect("ca-key.pem").codes == [.privateKeyInTrustBundle])
  }

  @Test("a certificate that is valid longer than its issuer is told")
  func outlives() throws {
    try bench.makeAuthority("brief", subject: "/CN=Brief", days: 100)
    try bench.makeNode("long", issuer: "brief", days: 300)
    #expect(try bench.inspect("long.crt", "brief.crt").codes == [.outlivesIssuer])
  }

  @Test("a leaf that issued another is told")
  func leafAsIssuer() throws {
    try bench.makeNode("child", issuer: "node", days: 300)
    #expect(try bench.inspect("child.crt", "node.crt", "ca.crt").codes == [.issuerNotAuthority])
  }

  @Test("key stores of openssl and keytool are opened, and their pairs checked")
  func stores() throws {
    try bench.openssl(
      "pkcs12 -export -inkey node.key -in node.crt -certfile ca.crt -name node -out n.p12 -passout pass:secret1")
    let closed = try bench.inspect("n.p12")
    #expect(closed.findings == [])
    #expect(closed.certificates.isEmpty)
    let opened = try bench.inspect("n.p12", password: "secret1")
    #expect(opened.findings == [])
    #expect(opened.relations.map(\.kind) == [.keyOf, .issuedBy])
    #expect(try bench.inspect("n.p12", password: "wrong").codes == [.wrongPassword])

    _ = try bench.run(
      "keytool",
      [
        "-importcert", "-noprompt", "-alias", "root", "-file", "ca.crt", "-keystore", "trust.jks", "-storetype", "JKS",
        "-storepass", "secret1",
      ])
    for password in [nil, "secret1"] {
      let report = try bench.inspect("trust.jks", "node.crt", password: password)
      #expect(report.findings == [])
      #expect(report.relations.map(\.sentence) == ["node.crt:1 was issued by trust.jks[root]"])
    }
    #expect(try bench.inspect("trust.jks", password: "wrong1").codes == [.wrongPassword])
  }

  @Test("a Secret's pair is checked, and a missing half told")
  func secrets() throws {
    func secret(_ entries: [(String, String)]) -> String {
      let data = entries.map { "  \($0): \(Data($1.utf8).base64EncodedString())\n" }.joined()
      return "apiVersion: v1\nkind: Secret\nmetadata:\n  name: node-tls\ntype: kubernetes.io/tls\ndata:\n" + data
    }
    try bench.makeNode("second")
    let key = try bench.text("node.key")
    let certificate = try bench.text("node.crt")
    let root = try bench.text("ca.crt")
    let good = bench.inspect(
      text: secret([("ca.crt", root), ("tls.crt", certificate), ("tls.key", key)]), name: "secret.yaml")
    #expect(good.findings == [])
    #expect(good.relations.map(\.kind) == [.keyOf, .issuedBy])
    let wrong = bench.inspect(
      text: secret([("tls.crt", certificate), ("tls.key", try bench.text("second.key"))]), name: "secret.yaml")
    #expect(wrong.codes == [.keyMismatch])
    #expect(bench.inspect(text: secret([("tls.crt", certificate)]), name: "secret.yaml").codes == [.secretIncomplete])
    let twice = Data(certificate.utf8).base64EncodedString()
    #expect(bench.inspect(text: secret([("tls.crt", twice), ("tls.key", key)]), name: "s.yaml").codes == [.notPEM])
  }

  @Test("PEM inside a values file is found with path and line, and its pairs checked")
  func values() throws {
    func indented(_ name: String) throws -> String {
      try bench.text(name).split(separator: "\n").map { "          \($0)\n" }.joined()
    }
    try bench.makeNode("second")
    func file(key: String) throws -> String {
      "# agents\nprotocolMapperAgents:\n  - name: bender\n    mTLS:\n      caChain:\n        cert: |\n"
        + (try indented("ca.crt"))
        + "      keyPair:\n        cert: |\n" + (try indented("node.crt")) + "        key: |\n" + (try indented(key))
    }
    let good = bench.inspect(text: try file(key: "node.key"), name: "values.yaml")
    #expect(good.findings == [])
    #expect(good.items.compactMap(\.location.path).first == "protocolMapperAgents[0].mTLS.caChain.cert")
    #expect(good.items.compactMap(\.location.line).first == 7)
    #expect(good.relations.map(\.kind) == [.keyOf, .issuedBy])
    let wrong = bench.inspect(text: try file(key: "second.key"), name: "values.yaml")
    #expect(wrong.codes == [.keyMismatch])
    #expect(wrong.finding(.keyMismatch)?.location.path == "protocolMapperAgents[0].mTLS.keyPair.key")
  }
}
