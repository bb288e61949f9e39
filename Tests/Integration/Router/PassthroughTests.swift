import Foundation
import PKITestKit
import Testing

@Suite("TLS that is routed by its SNI and not terminated")
struct PassthroughTests {
  let workspace: Workspace
  /// Demands a client certificate.
  let first: Peer
  let second: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    try workspace.bash(
      """
      countersign issue first.example.org --profile server -o pki --quiet
      countersign issue a.second.example.org --dns b.second.example.org --profile server -o pki --quiet
      """)
    first = try .backend("echo", "--identity", "first.example.org", "--ca", "pki/ca.crt", in: workspace)
    second = try .backend("echo", "--identity", "a.second.example.org", in: workspace)
  }

  private func router(_ more: String = "") throws -> RunningRouter {
    try RunningRouter(
      """
      listeners:
        - name: in
          listen: 127.0.0.1:0
          protocol: passthrough
          routes: [{host: first.example.org, to: first}, {host: "*.second.example.org", to: second}]
          \(more)
      clusters:
        - {name: first, endpoints: ["127.0.0.1:\(first.port)"]}
        - {name: second, endpoints: ["127.0.0.1:\(second.port)"]}

      """, in: workspace)
  }

  @Test("each name comes to its backend, which sees the client's own certificate")
  func routed() throws {
    let router = try router()
    let told = try router.exchange(as: "robot-1", "--name", "first.example.org")
    #expect(told.outcome == "answered")
    #expect(try told.server == workspace.serial(of: "pki/first.example.org.crt"))
    #expect(try first.wait(for: "client")[0].detail == "robot-1")
    for name in ["a.second.example.org", "b.second.example.org"] {
      #expect(try router.exchange("--name", name).outcome == "answered", "\(name)")
    }
    let lines = try router.waitForAccess(count: 3) { $0.outcome == "finished" }
    #expect(lines.compactMap(\.cluster).sorted() == ["first", "second", "second"], "\(lines)")
  }

  @Test("a backend that refuses the client's certificate does so itself")
  func refused() throws {
    #expect(try router().exchange("--name", "first.example.org", "--silent").isAlert("certificate required"))
  }

  @Test("a name that no route has is refused, or goes to the cluster for all others")
  func unknown() throws {
    let names = ["third.example.org", "second.example.org", "x.a.second.example.org"]
    let strict = try router()
    for name in names { #expect(try strict.exchange("--name", name).wasCut, "\(name)") }
    let lines = try strict.waitForAccess(count: 3) { $0.outcome == "no-route" }
    #expect(lines.allSatisfy { $0.cluster == nil })
    for name in names { #expect(lines.contains { $0.reason == "no route for \(name)" }, "\(lines)") }
    let open = try router("to: second")
    for name in names { #expect(try open.exchange("--name", name).outcome == "untrusted", "\(name)") }
    #expect(try open.waitForAccess(count: 3) { $0.cluster == "second" }.allSatisfy { $0.received > 0 })
  }

  @Test("what isn't TLS is refused")
  func plain() throws {
    let router = try router("to: second")
    #expect(try router.exchange("--plain", "--text", "GET / HTTP/1.1\r\n\r\n").wasCut)
    let line = try router.waitForAccess { $0.outcome == "malformed" }[0]
    #expect(line.reason?.contains("ClientHello") == true && line.cluster == nil)
  }

  @Test("a ClientHello that comes byte by byte is routed as well")
  func bytewise() throws {
    let router = try router()
    let words = router.client("drip", as: nil, on: "in", ["--name", "a.second.example.org", "--count", "3"])
    let told = try Peer.run(words, in: workspace)
    #expect(told.count == 3 && told.allSatisfy { $0.outcome == "answered" }, "\(told)")
  }
}
