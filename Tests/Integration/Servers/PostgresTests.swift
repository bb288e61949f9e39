import Foundation
import PKITestKit
import Testing

@Suite("PostgreSQL with our certificates")
struct PostgresTests {
  let nodes: IssuedNodes
  let server: ServerProcess

  init() throws {
    nodes = try IssuedNodes()
    server = try .postgres(
      nodes.serverFiles, access: "hostssl all all 127.0.0.1/32 cert clientcert=verify-full",
      roles: ["node-1", "node-2"])
  }

  @Test("psql logs in as the name in its certificate, and as nobody else")
  func logins() throws {
    #expect(try psql(user: "node-1", certificate: "node-1").text == "node-1\n")
    let other = try psql(user: "node-2", certificate: "node-1")
    #expect(other.status != 0 && other.errors.contains("certificate authentication failed"), "\(other.errors)")
    let stranger = try psql(user: "node-1", certificate: "stranger")
    #expect(stranger.status != 0 && stranger.errors.contains("unknown ca"), "\(stranger.errors)")
  }

  @Test("check speaks PostgreSQL before TLS")
  func check() throws {
    for (node, status) in [("node-1", Int32(0)), ("stranger", 1)] {
      let output = try nodes.workspace.countersign(
        ["check", "localhost:\(server.port)", "--starttls", "postgres"] + nodes.credentials(node))
      #expect(output.status == status, "\(node): \(output.text)\(output.errors)")
    }
  }

  private func psql(user: String, certificate: String) throws -> Tool.Output {
    let flags = nodes.credentials(certificate)
    let connection = """
      host=localhost hostaddr=127.0.0.1 port=\(server.port) dbname=postgres user=\(user) sslmode=verify-full \
      sslrootcert=\(flags[1]) sslcert=\(flags[3]) sslkey=\(flags[5])
      """
    return try Tool.run("psql", ["-At", "-c", "SELECT current_user", connection])
  }
}
