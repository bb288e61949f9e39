import Foundation
import PKITestKit
import Testing

/// As Bacalhau's compute nodes reach their orchestrator: by one token that all of them share. NATS speaks before TLS, so
/// a client's own TLS can't be terminated here, unless it begins with it: there is a router at each end.
@Suite("NATS between two routers")
struct NATSRouterTests {
  let workspace: Workspace
  let server: Broker
  let far: RunningRouter

  private static let token = "shared-by-all-nodes"

  init() throws {
    workspace = try .forRouter(clients: ["compute-1 --org ORG1", "guest --org ORG2"])
    server = try .nats(token: Self.token, in: workspace)
    far = try RunningRouter(Self.far(to: server), in: workspace)
  }

  /// - Parameter more: lines of the listener.
  private static func far(to server: Broker, more: String = "") -> String {
    OneListener(to: server.port).with {
      $0.clients = "trust: pki/ca.crt, allow: [{cn: \"compute-*\", org: ORG1}]"
      $0.more = more
    }.yaml
  }

  /// - Parameter client: whose certificate the router at this end shows; nobody's.
  private func near(as client: String?) throws -> RunningRouter {
    let identity = client.map { ", identity: {cert: pki/\($0).crt, key: pki/\($0).key}" } ?? ""
    return try RunningRouter(
      """
      listeners: [{name: in, listen: "127.0.0.1:0", to: far}]
      clusters:
        - name: far
          endpoints: ["127.0.0.1:\(far.port())"]
          tls: {trust: pki/ca.crt\(identity)}

      """, in: workspace, as: "near.yaml")
  }

  /// A client of NATS.
  private func messages(
    through router: RunningRouter, as identity: String? = nil, token: String = token, count: Int = 1, _ flags: String...
  ) throws -> Told {
    let words = router.client("nats", as: identity, on: "in", ["--token", token, "--count", "\(count)"] + flags)
    return try #require(try Peer.run(words, in: workspace).first)
  }

  /// How many connections the server has had. It tells of each before the client hears of it.
  private var connections: Int { server.process.output.components(separatedBy: "Client connection created").count - 1 }

  // MARK: With a node's certificate

  @Test("a client without TLS publishes to and receives from a server without TLS, over mutual TLS")
  func messages() throws {
    let near = try near(as: "compute-1")
    for _ in 1...3 {
      let told = try messages(through: near, count: 200)
      #expect(told.outcome == "answered" && told.count == 200, "\(told)")
    }
    let lines = try far.waitForAccess(count: 3) { $0.outcome == "finished" }
    #expect(lines.allSatisfy { $0.subject?.contains("compute-1") == true }, "\(lines)")
    #expect(lines.allSatisfy { $0.rule == "allow[0] cn=compute-*,org=ORG1" }, "\(lines)")
  }

  @Test("a client that begins with TLS, and shows a node's certificate, needs no router beside it")
  func first() throws {
    let told = try messages(through: far, as: "compute-1", count: 50, "--tls-first")
    #expect(told.outcome == "answered" && told.count == 50, "\(told)")
  }

  @Test("a wrong token is refused by NATS, whoever shows a certificate")
  func wrongToken() throws {
    let near = try near(as: "compute-1")
    #expect(try messages(through: near, token: "guessed").outcome == "failed")
    let line = try far.waitForAccess { $0.subject?.contains("compute-1") == true }[0]
    #expect(line.cluster == "back" && line.id == nil, "\(line)")
    #expect(server.process.output.contains("authentication error"), "\(server.process.output)")
  }

  // MARK: Without

  @Test("the identity of the router at the client's end is what counts")
  func guest() throws {
    let near = try near(as: "guest")
    let told = try messages(through: near)
    #expect(told.outcome == "failed", "\(told)")
    try far.waitForAccess { $0.outcome == "no-rule" && $0.subject?.contains("guest") == true }
    #expect(connections == 0)
  }

  @Test("a stolen token without a node's certificate is refused, and the logs say why")
  func stolen() throws {
    let near = try near(as: nil)
    #expect(try messages(through: near).outcome == "failed")
    let refused = try far.waitForAccess { $0.outcome == "no-certificate" }[0]
    #expect(refused.cluster == nil && refused.id != nil, "\(refused)")
    let line = try near.waitForAccess { $0.cluster == "far" }[0]
    #expect(line.outcome == "backend-alert" && line.reason?.contains("certificate_required") == true, "\(line)")
    // With TLS from the first byte, and no router beside it.
    let told = try messages(through: far, "--tls-first")
    #expect(told.outcome == "failed" && told.detail?.contains("CERTIFICATE_REQUIRED") == true, "\(told)")
    try far.waitForAccess(count: 2) { $0.outcome == "no-certificate" && $0.cluster == nil }
    #expect(connections == 0)
    #expect(try messages(through: self.near(as: "compute-1")).outcome == "answered")
    #expect(connections == 1)
  }

  @Test("a stolen token without TLS opens nothing either: the router waits for a handshake that doesn't come")
  func plain() throws {
    let hasty = try RunningRouter(
      Self.far(to: server, more: "limits: {handshakeTimeout: 2s}"), in: workspace, as: "hasty.yaml")
    let told = try messages(through: hasty)
    #expect(told.outcome == "failed", "\(told)")
    try hasty.waitForAccess { $0.outcome == "handshake-timeout" && $0.cluster == nil }
    #expect(connections == 0)
  }
}
