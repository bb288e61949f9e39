import Foundation
import PKITestKit
import Testing

@Suite("PostgreSQL: psql, through the router, to a server without TLS")
struct PostgresRouterTests {
  let workspace: Workspace
  let server: ServerProcess
  let router: RunningRouter

  init() throws {
    workspace = try .forRouter(clients: ["robot-1 --org ORG1", "guest --org ORG2"])
    server = try .postgres(nil, access: "host all all 127.0.0.1/32 trust", roles: ["robot-1"])
    let configuration = OneListener(to: server.port).with {
      $0.clients = "trust: pki/ca.crt, allow: [{org: ORG1}]"
      $0.more = "protocol: postgres"
    }
    router = try RunningRouter(configuration.yaml, in: workspace)
  }

  private func psql(as client: String?, mode: String = "verify-full", _ statement: String) throws -> Tool.Output {
    var words = [
      "host=localhost", "hostaddr=127.0.0.1", "port=\(router.port())", "dbname=postgres", "user=robot-1",
      "sslmode=\(mode)", "sslrootcert=\(workspace.file("pki/ca.crt"))",
    ]
    // Without these psql would look into its user's home.
    let files = client.map { workspace.file("pki/\($0)") } ?? workspace.file("none")
    words += ["sslcert=\(files).crt", "sslkey=\(files).key"]
    return try Tool.run("timeout", ["300", "psql", "-At", "-c", statement, words.joined(separator: " ")])
  }

  @Test("a client with a certificate asks for TLS, gets it, and is served")
  func served() throws {
    for _ in 1...5 {
      let output = try psql(as: "robot-1", "SELECT current_user")
      #expect(output.text == "robot-1\n", "\(output.errors)")
    }
    let lines = try router.waitForAccess(count: 5) { $0.outcome == "finished" }
    #expect(lines.allSatisfy { $0.sni == nil || $0.sni == "localhost" })
    #expect(try psql(as: "robot-1", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").text == "f\n")
  }

  @Test("many rows arrive whole")
  func rows() throws {
    let output = try psql(as: "robot-1", "SELECT repeat('x', 100) FROM generate_series(1, 50000)")
    #expect(output.stdout.count == 50_000 * 101, "\(output.errors)")
  }

  @Test("a start without TLS is refused, and the log says what would help")
  func plain() throws {
    let output = try psql(as: "robot-1", mode: "disable", "SELECT 1")
    #expect(output.status == 2 && output.text.isEmpty, "\(output.text)")
    let line = try router.waitForAccess { $0.outcome == "malformed" }[0]
    #expect(line.reason?.contains("sslmode") == true && line.cluster == nil, "\(line)")
  }

  @Test("who isn't allowed, or has no certificate, doesn't come to the server")
  func strangers() throws {
    let guest = try psql(as: "guest", "SELECT 1")
    #expect(guest.status == 2 && guest.text.isEmpty, "\(guest.errors)")
    let nobody = try psql(as: nil, "SELECT 1")
    #expect(nobody.status == 2 && nobody.text.isEmpty, "\(nobody.errors)")
    let lines = try router.waitForAccess(count: 2) { $0.cluster == nil }
    #expect(lines.contains { $0.outcome == "no-rule" && $0.subject?.contains("guest") == true }, "\(lines)")
  }
}
