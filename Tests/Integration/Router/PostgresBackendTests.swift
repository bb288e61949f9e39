import Foundation
import PKITestKit
import Testing

@Suite("PostgreSQL: psql without TLS, through the router, to a server that demands a certificate")
struct PostgresBackendTests {
  let workspace: Workspace
  let server: ServerProcess

  init() throws {
    workspace = try .forRouter(clients: ["robot-1", "stranger"])
    server = try .postgres(
      .init(
        certificate: workspace.file("pki/localhost.crt"), key: workspace.file("pki/localhost.key"),
        clientAuthorities: workspace.file("pki/ca.crt")),
      access: "hostssl all all 127.0.0.1/32 cert", roles: ["robot-1"])
  }

  private func router(as identity: String, to port: Int, _ more: String = "") throws -> RunningRouter {
    try RunningRouter(
      """
      listeners: [{name: in, listen: "127.0.0.1:0", protocol: postgres, to: back}]
      clusters:
        - name: back
          endpoints: ["127.0.0.1:\(port)"]
          protocol: postgres
          # The server starts a process for each connection.
          connectTimeout: 2m
          tls: {trust: pki/ca.crt, identity: {cert: pki/\(identity).crt, key: pki/\(identity).key}}
          \(more)

      """, in: workspace)
  }

  /// - Parameter mode: with `prefer` psql asks for TLS and goes on without.
  private func psql(_ router: RunningRouter, mode: String, _ statement: String) throws -> Tool.Output {
    let words =
      "host=127.0.0.1 port=\(router.port()) dbname=postgres user=robot-1 sslmode=\(mode) gssencmode=disable"
    return try Tool.run("timeout", ["300", "psql", "-At", "-c", statement, words])
  }

  @Test("the router asks the server for TLS, and shows its identity", arguments: ["prefer", "disable"])
  func served(mode: String) throws {
    let router = try router(as: "robot-1", to: server.port, "health: {kind: tls, every: 1s}")
    let output = try psql(router, mode: mode, "SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    #expect(output.text == "t|/CN=robot-1\n", "\(output.errors)")
    try router.waitForAccess { $0.outcome == "finished" && $0.cluster == "back" }
  }

  @Test("psql that demands TLS of the router is told that there is none")
  func demanded() throws {
    let output = try psql(try router(as: "robot-1", to: server.port), mode: "require", "SELECT 1")
    #expect(output.status == 2 && output.errors.contains("does not support SSL"), "\(output.errors)")
  }

  @Test("another identity is the server's to refuse")
  func stranger() throws {
    let output = try psql(try router(as: "stranger", to: server.port), mode: "disable", "SELECT 1")
    #expect(output.status == 2 && output.errors.contains("certificate authentication failed"), "\(output.errors)")
  }

  @Test("a server that declines TLS gets nothing, and the log says why")
  func declined() throws {
    let plain = try ServerProcess.postgres(nil, access: "host all all 127.0.0.1/32 trust", roles: ["robot-1"])
    let router = try router(as: "robot-1", to: plain.port)
    #expect(try psql(router, mode: "disable", "SELECT 1").status == 2)
    let line = try router.waitForAccess { $0.cluster == nil || $0.cluster == "back" }[0]
    #expect(line.outcome == "backend-no-tls" && line.reason?.contains("declined TLS") == true, "\(line)")
  }
}
