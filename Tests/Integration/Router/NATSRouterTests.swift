import Foundation
import PKITestKit
import Testing

/// NATS speaks before TLS, so a client's own TLS can't be terminated here: there is a router at each end.
@Suite("NATS between two routers")
struct NATSRouterTests {
  let workspace: Workspace
  let server: Broker
  let far: RunningRouter

  init() throws {
    workspace = try .forRouter(clients: ["robot-1 --org ORG1", "guest --org ORG2"])
    server = try .nats(in: workspace)
    far = try RunningRouter(
      OneListener(to: server.port).with { $0.clients = "trust: pki/ca.crt, allow: [{org: ORG1}]" }.yaml, in: workspace)
  }

  private func near(as client: String) throws -> RunningRouter {
    try RunningRouter(
      """
      listeners: [{name: in, listen: "127.0.0.1:0", to: far}]
      clusters:
        - name: far
          endpoints: ["127.0.0.1:\(far.port())"]
          tls: {trust: pki/ca.crt, identity: {cert: pki/\(client).crt, key: pki/\(client).key}}

      """, in: workspace)
  }

  @Test("a client without TLS publishes to and receives from a server without TLS, over mutual TLS")
  func messages() throws {
    let near = try near(as: "robot-1")
    for _ in 1...3 {
      let told = try Peer.run(near.client("nats", as: nil, on: "in", ["--count", "200"]), in: workspace)
      #expect(told.first?.outcome == "answered" && told.first?.count == 200, "\(told)")
    }
    let lines = try far.waitForAccess(count: 3) { $0.outcome == "finished" }
    #expect(lines.allSatisfy { $0.subject?.contains("robot-1") == true && $0.rule == "allow[0] org=ORG1" })
  }

  @Test("the identity of the router at the client's end is what counts")
  func guest() throws {
    let near = try near(as: "guest")
    let told = try Peer.run(near.client("nats", as: nil, on: "in", []), in: workspace)
    #expect(told.first?.outcome == "failed", "\(told)")
    try far.waitForAccess { $0.outcome == "no-rule" && $0.subject?.contains("guest") == true }
  }
}
