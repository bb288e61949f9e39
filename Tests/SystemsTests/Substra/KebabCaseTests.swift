import Systems
import Testing

@Suite("kebab-case as Helm's templates write it")
struct KebabCaseTests {
  @Test(
    "words are told apart as Helm's template function does",
    arguments: [
      ("FirstName", "first-name"), ("HTTPServer", "http-server"), ("NoHTTPS", "no-https"), ("GO_PATH", "go-path"),
      ("GO PATH", "go-path"), ("GO-PATH", "go-path"), ("http2xx", "http-2xx"), ("HTTP2XX", "http2-xx"),
      ("HTTP20xOK", "http-20x-ok"), ("HTTP20xStatus", "http-20x-status"), ("HTTP-20xStatus", "http-20x-status"),
      ("Duration2m3s", "duration-2m3s"), ("Bld4Floor3rd", "bld4-floor-3rd"), ("a1b2c3d", "a-1b2c3d"),
      ("IPv4Address", "i-pv4-address"), ("_AnotherTES_TCaseP", "-another-tes-t-case-p"), ("Wi_thF", "wi-th-f"),
      ("HELLO____WORLD", "hello----world"), ("ALL", "all"), ("TW", "tw"), ("_C", "-c"), ("a", "a"),
      ("MyOrg1MSP", "my-org1-msp"), ("orchestrator", "orchestrator"), ("org2-ca", "org2-ca"),
    ])
  func words(text: String, expected: String) {
    #expect(KebabCase.text(text) == expected)
  }

  @Test("what can't stand in a volume's name has none", arguments: ["my.org", "organisé", "a/b"])
  func others(text: String) {
    #expect(KebabCase.text(text) == nil)
    #expect(SubstraNames.volumeProblem(text) != nil)
  }

  @Test("a volume's name has room for 32 characters of the key")
  func room() {
    #expect(SubstraNames.volumeProblem(String(repeating: "a", count: 32)) == nil)
    #expect(SubstraNames.volumeProblem(String(repeating: "a", count: 33))?.contains("33 characters") == true)
    // Eleven words of two letters, and ten hyphens between them.
    #expect(SubstraNames.volumeProblem(String(repeating: "Aa", count: 11)) == nil)
    #expect(SubstraNames.volumeProblem(String(repeating: "Aa", count: 12)) != nil)
  }

  @Test("Deployments are named as the chart names them, in 63 characters")
  func servers() {
    #expect(SubstraNames.server(release: "orchestrator") == "orchestrator-server")
    #expect(SubstraNames.server(release: "my-orchestrator-1") == "my-orchestrator-1-server")
    #expect(SubstraNames.server(release: "substra") == "substra-orchestrator-server")
    #expect(SubstraNames.server(release: "x", nameOverride: "orc") == "x-orc-server")
    #expect(SubstraNames.server(release: "x", nameOverride: "orc", fullnameOverride: "whole") == "whole")
    let long = String(repeating: "r", count: 53)
    #expect(SubstraNames.server(release: long) == "\(long)-orchestra")
    #expect(SubstraNames.server(release: String(repeating: "r", count: 49)).hasSuffix("r-orchestrator"))
    #expect(SubstraNames.backend(release: "backend-org-1") == "backend-org-1-substra-backend")
  }
}
