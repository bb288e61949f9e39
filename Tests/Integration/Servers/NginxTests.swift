import Foundation
import PKITestKit
import Testing

@Suite("nginx with our certificates and our revocation list")
struct NginxTests {
  let nodes: IssuedNodes
  let server: ServerProcess

  init() throws {
    nodes = try IssuedNodes()
    server = try .nginx(
      nodes.serverFiles,
      """
      ssl_protocols TLSv1.2 TLSv1.3;
      ssl_client_certificate \(nodes.workspace.file("server/ca.crt"));
      ssl_verify_client on;
      ssl_verify_depth 2;
      ssl_crl \(nodes.workspace.file("ca.crl"));
      """)
  }

  @Test("curl with a node's certificate is served, over both versions of TLS")
  func accepted() throws {
    for version in ["1.2", "1.3"] {
      let answer = try curl("node-1", "--tls-max", version)
      #expect(answer == "hello 200", "TLS \(version)")
    }
  }

  @Test("curl with a revoked certificate, a foreign one or none is refused")
  func refused() throws {
    #expect(try curl("node-2").hasSuffix("400"))
    #expect(try curl("stranger").hasSuffix("400"))
    #expect(try curl(nil).hasSuffix("400"))
  }

  @Test("check tells a node that is accepted from one that is revoked and from a stranger")
  func check() throws {
    let endpoint = "localhost:\(server.port)"
    for (node, status) in [("node-1", Int32(0)), ("node-2", 1), ("stranger", 1)] {
      let output = try nodes.workspace.countersign(["check", endpoint] + nodes.credentials(node))
      #expect(output.status == status, "\(node): \(output.text)\(output.errors)")
    }
  }

  /// The body's first word and the status of a GET.
  private func curl(_ node: String?, _ more: String...) throws -> String {
    var arguments = ["-s", "-w", "%{http_code}", "--cacert", nodes.workspace.file("server/ca.crt")] + more
    if let node {
      let flags = nodes.credentials(node)
      arguments += ["--cert", flags[3], "--key", flags[5]]
    }
    let output = try Tool.run("curl", arguments + ["https://localhost:\(server.port)/"])
    return output.text.split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}
