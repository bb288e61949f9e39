import Foundation
import PKITestKit
import Testing

@Suite("a client that doesn't come to the end of its handshake")
struct SlowClientTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
  }

  @Test(
    "is cut off when its time is over and not before, and others are served meanwhile",
    arguments: ["nothing", "half", "bytewise"])
  func slow(_ how: String) throws {
    let configuration = OneListener(to: backend.port).with { $0.more = "limits: {handshakeTimeout: 8s}" }
    let router = try RunningRouter(configuration.yaml, in: workspace)
    let slow = try router.start("slow", "--how", how, "--count", "20")
    #expect(try slow.wait(for: "open")[0].count == 20)
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    let ends = try slow.wait(for: "end", count: 20)
    // A worker looks at its clock once for all that comes together, and a busy machine may make it wait then.
    #expect(ends.allSatisfy { $0.wasCut && ($0.seconds ?? 0) >= 7 }, "\(ends)")
    let lines = try router.waitForAccess(count: 20) { $0.outcome == "handshake-timeout" }
    #expect(lines.allSatisfy { $0.cluster == nil && $0.id != nil })
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  @Test("the same before a PROXY header, before PostgreSQL's request for TLS, and before an SNI is known")
  func before() throws {
    let identity = "identity: {cert: pki/localhost.crt, key: pki/localhost.key}"
    let tls = "\(identity), clients: {trust: pki/ca.crt, allow: [{any: true}]}"
    let limits = "limits: {handshakeTimeout: 3s}, to: back"
    let router = try RunningRouter(
      """
      listeners:
        - {name: proxied, listen: "127.0.0.1:0", \(tls), \(limits), proxyProtocol: {from: [127.0.0.1]}}
        - {name: database, listen: "127.0.0.1:0", \(tls), \(limits), protocol: postgres}
        - {name: through, listen: "127.0.0.1:0", \(limits), protocol: passthrough}
      clusters: [{name: back, endpoints: ["127.0.0.1:\(backend.port)"]}]

      """, in: workspace)
    for listener in ["proxied", "database", "through"] {
      let slow = try router.start("slow", on: listener, "--how", "nothing", "--count", "5")
      let ends = try slow.wait(for: "end", count: 5)
      #expect(ends.allSatisfy { $0.wasCut && ($0.seconds ?? 0) >= 2 }, "\(listener): \(ends)")
      try router.waitForAccess(count: 5) { $0.outcome == "handshake-timeout" && $0.listener == listener }
    }
  }

  @Test("an open connection that lies idle for too long is ended, one that is used isn't")
  func idle() throws {
    let configuration = OneListener(to: backend.port).with { $0.more = "limits: {idle: 6s}" }
    let router = try RunningRouter(configuration.yaml, in: workspace)
    let idle = try router.hold(2, as: "robot-1")
    let used = try router.start("talk", as: "robot-1")
    let ends = try idle.wait(for: "end", count: 2)
    #expect(ends.allSatisfy { $0.wasCut && ($0.seconds ?? 0) >= 5.9 }, "\(ends)")
    try router.waitForAccess(count: 2) { $0.outcome == "idle" }
    let said = used.events("answer").count
    try used.wait(for: "answer", count: said + 20)
    #expect(used.events("end").isEmpty)
  }
}
