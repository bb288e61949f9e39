import Foundation
import PKITestKit
import Testing

@Suite("nats-server with our certificates")
struct NATSTests {
  let nodes: IssuedNodes
  let server: ServerProcess

  init() throws {
    nodes = try IssuedNodes()
    server = try .nats(nodes.serverFiles, "verify: true")
  }

  @Test("a client with a node's certificate is answered, one with a foreign certificate is not")
  func clients() throws {
    #expect(try ping("node-1").contains("PONG"))
    #expect(try !ping("stranger").contains("PONG"))
  }

  @Test("check speaks NATS before TLS, and tells both apart")
  func check() throws {
    for (node, status) in [("node-1", Int32(0)), ("stranger", 1)] {
      let output = try nodes.workspace.countersign(
        ["check", "localhost:\(server.port)", "--starttls", "nats"] + nodes.credentials(node))
      #expect(output.status == status, "\(node): \(output.text)\(output.errors)")
      #expect(output.text.contains("trusted: CN=localhost"))
    }
  }

  /// Connects as the NATS protocol says: INFO in the clear, then TLS, then CONNECT and PING.
  private func ping(_ node: String) throws -> String {
    let client = """
      import socket, ssl, sys
      port, ca, cert, key = sys.argv[1:]
      context = ssl.create_default_context(cafile=ca)
      context.load_cert_chain(cert, key)
      plain = socket.create_connection(("localhost", int(port)), timeout=30)
      assert plain.recv(65536).startswith(b"INFO")
      try:
          secure = context.wrap_socket(plain, server_hostname="localhost")
          secure.sendall(b'CONNECT {"verbose":false}\\r\\nPING\\r\\n')
          print(secure.recv(65536).decode())
      except (ssl.SSLError, ConnectionError) as error:
          print("refused", error)
      """
    let flags = nodes.credentials(node)
    return try Tool.require("python3", ["-c", client, "\(server.port)", flags[1], flags[3], flags[5]]).text
  }
}
