import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import Testing

@Suite("nodes of Bacalhau against a NATS server, with the files that they get")
struct BacalhauNATSTests {
  private let directory: TemporaryDirectory
  private let port: Int

  init() throws {
    directory = try TemporaryDirectory()
    port = try ServerProcess.freePort()
    var bench = try BacalhauWorkbench()
    bench.files["conf/orchestrator.yaml"] = "Orchestrator:\n  Enabled: true\n  Port: \(port)\n"
    bench.files["compute-1.yaml"] = "Compute:\n  Orchestrators: [nats://my-bacalhau-orchestrator-node:\(port)]\n"
    bench.files["compute-2.yaml"] = "Compute:\n  Orchestrators:\n    - nats://127.0.0.5:\(port)\n"
    try bench.deliver().write(to: directory.url)
  }

  private func serve() throws -> ServerProcess {
    try ServerProcess.bacalhau(configuration: "orchestrator.yaml", in: directory.file("orchestrator"))
  }

  /// What becomes of a node's connection: `served`, or why it failed.
  private func dial(
    _ node: String, _ part: String = "Compute", change: (inout String) -> Void = { _ in }
  ) throws -> String {
    let folder = directory.file(node)
    let configuration = folder.appendingPathComponent("\(node).yaml")
    var text = try String(contentsOf: configuration, encoding: .utf8)
    change(&text)
    try Data(text.utf8).write(to: folder.appendingPathComponent("used.yaml"))
    let output = try Tool.run(
      ServerProcess.buildToolsPython, ["-c", Self.client, folder.appendingPathComponent("used.yaml").path, part])
    // A client that has spoken may still complain of how TLS ends.
    return (output.text.isEmpty ? output.errors : output.text).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// A node as Bacalhau makes it of its configuration; every host name is this machine's. It asks itself a question
  /// through the server.
  private static let client = """
    import asyncio, os, socket, ssl, sys, nats, yaml
    path, part = sys.argv[1:]
    configuration = yaml.safe_load(open(path))
    own = configuration[part]
    servers = configuration["Compute"]["Orchestrators"]
    options = {"allow_reconnect": False, "connect_timeout": 60}
    if "CACert" in own.get("TLS", {}):
        authority = os.path.join(os.path.dirname(path), os.path.basename(own["TLS"]["CACert"]))
        options["tls"] = ssl.create_default_context(cafile=authority)
    if "Token" in own.get("Auth", {}):
        options["token"] = own["Auth"]["Token"]
    if own.get("TLS", {}).get("RequireTLS"):
        options["tls_handshake_first"] = True
    resolve = socket.getaddrinfo
    socket.getaddrinfo = lambda host, *rest, **named: resolve("127.0.0.1", *rest, **named)

    async def main():
        async def ignore(error): pass
        connection = await nats.connect(servers, error_cb=ignore, **options)
        async def answer(message): await message.respond(b"served")
        await connection.subscribe("node", cb=answer)
        print((await connection.request("node", b"", timeout=60)).data.decode())
        await connection.close()

    try:
        asyncio.run(main())
    except Exception as error:
        print(type(error).__name__, error)
    """

  @Test("nodes connect by name and by address, and the orchestrator to itself")
  func connects() throws {
    let server = try serve()
    #expect(server.port == port)
    #expect(try dial("compute-1") == "served")
    #expect(try dial("compute-2") == "served")
    #expect(try dial("orchestrator", "Orchestrator") == "served")
  }

  @Test("a server of another CA is refused")
  func wrongAuthority() throws {
    let server = try serve()
    let other = try PEM.encode(Workbench(name: "Another CA").issuer.certificate)
    try Data(other.utf8).write(to: directory.file("compute-1").appendingPathComponent("ca.crt"))
    #expect(try dial("compute-1").contains("CERTIFICATE_VERIFY_FAILED"))
    _ = server.port
  }

  @Test("a node without the CA refuses the server")
  func noAuthority() throws {
    let server = try serve()
    let said = try dial("compute-1") { $0 = $0.replacing("CACert", with: "Other") }
    #expect(said.contains("CERTIFICATE_VERIFY_FAILED"))
    _ = server.port
  }

  @Test(
    "a server that is dialled by a name or an address which its certificate lacks is refused",
    arguments: [
      ("compute-1", "my-bacalhau-orchestrator-node", "another-node", "Hostname mismatch"),
      ("compute-2", "127.0.0.5", "127.0.0.6", "IP address mismatch"),
    ])
  func wrongHost(node: String, host: String, other: String, reason: String) throws {
    let server = try serve()
    #expect(try dial(node) { $0 = $0.replacing(host, with: other) }.contains(reason))
    _ = server.port
  }

  @Test("a node without the token, or with another, is refused")
  func token() throws {
    let server = try serve()
    let none = try dial("compute-1") { $0 = $0.replacing("Token:", with: "Other:") }
    #expect(none.contains("Authorization Violation"))
    let other = try dial("compute-1") { $0 = $0.replacing(BacalhauWorkbench.token, with: "0123456789abcdef") }
    #expect(other.contains("Authorization Violation"))
    _ = server.port
  }

  @Test("RequireTLS keeps a node from a server that begins in the clear, as lint says")
  func requireTLS() throws {
    let server = try serve()
    let said = try dial("compute-1") { $0 = $0.replacing("CACert:", with: "RequireTLS: true\n    CACert:") }
    // What the client says of it depends on who gives up first; it is one line, unlike a fault of the script.
    #expect(said != "served" && !said.isEmpty && !said.contains("Traceback"))
    _ = server.port
  }

  @Test("openssl finds chain and names in what the server serves")
  func openssl() throws {
    let server = try serve()
    let folder = directory.file("orchestrator")
    try Tool.openssl(
      "verify", "-CAfile", "ca.crt", "-purpose", "sslserver", "-verify_ip", "127.0.0.1", "server.crt", in: folder)
    let names = try Tool.openssl("x509", "-in", "server.crt", "-noout", "-ext", "subjectAltName", in: folder).text
    for name in ["DNS:my-bacalhau-orchestrator-node", "DNS:localhost", "IP Address:127.0.0.1", "IP Address:127.0.0.5"] {
      #expect(names.contains(name))
    }
    _ = server.port
  }
}
