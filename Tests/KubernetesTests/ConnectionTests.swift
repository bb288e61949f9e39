import Credentials
import Foundation
import Kubernetes
import PKITestKit
import Testing

@Suite("Connections to an API server")
struct ConnectionTests {
  @Test("a token of the kubeconfig opens the API server, whose certificate is verified")
  func token() async throws {
    let server = try StubAPIServer()
    #expect(try await server.client().get(secret("none")) == nil)
    #expect(try server.requests().map(\.user) == ["token"])
  }

  @Test("a client certificate opens it, from files and from data")
  func certificate() async throws {
    let server = try StubAPIServer()
    let files = "client-certificate: \(server.pki.path("admin.crt"))\nclient-key: \(server.pki.path("admin.key"))"
    let data = """
      client-certificate-data: \(try server.pki.base64("admin.crt"))
      client-key-data: \(try server.pki.base64("admin.key"))
      """
    for user in [files, data] {
      #expect(try await server.client(kubeconfig: server.kubeconfig(user: user)).get(secret("none")) == nil)
    }
    #expect(try server.requests().map(\.user) == ["certificate admin", "certificate admin"])
  }

  @Test("a token file is read anew for each request")
  func tokenFile() async throws {
    let server = try StubAPIServer()
    let folder = try TemporaryDirectory()
    try Data("old\n".utf8).write(to: folder.file("token"))
    let client = try server.client(
      kubeconfig: server.kubeconfig(user: "tokenFile: \(folder.file("token").path)"))
    let refused = await failure { try await client.get(secret("none")) }
    #expect(refused?.message.contains("user 'stub-user'") == true)
    try Data("\(StubAPIServer.token)\n".utf8).write(to: folder.file("token"))
    #expect(try await client.get(secret("none")) == nil)
  }

  @Test("a server of another CA is refused before anything is sent, and the reason is its issuer")
  func wrongAuthority() async throws {
    let server = try StubAPIServer()
    let path = try server.kubeconfig(cluster: "certificate-authority: \(server.pki.path("other-ca.crt"))")
    let error = await failure { try await server.client(kubeconfig: path).get(secret("none")) }
    #expect(error?.kind == .environment)
    #expect(error?.message.hasPrefix("the certificate of 127.0.0.1:\(server.port) is not trusted: ") == true)
    #expect(error?.message.contains("issue") == true)
    #expect(try server.requests().isEmpty)
  }

  @Test("a server with another name is refused, and the error says which name was expected and which are there")
  func wrongName() async throws {
    let server = try StubAPIServer(certificate: "elsewhere")
    let error = await failure { try await server.client().get(secret("none")) }
    #expect(error?.kind == .environment)
    #expect(error?.message.contains("is for another name") == true)
    #expect(error?.text.contains("api.example.org") == true)
    #expect(error?.hint?.contains("expected was 127.0.0.1") == true)
    #expect(try server.requests().isEmpty)
  }

  @Test("tls-server-name is the name that the certificate has to hold, for a host name in the URL and for an address")
  func serverName() async throws {
    let server = try StubAPIServer(certificate: "elsewhere")
    let fields = "certificate-authority: \(server.pki.path("ca.crt"))\ntls-server-name: api.example.org"
    for host in ["127.0.0.1", "localhost"] {
      let path = try server.kubeconfig(cluster: fields, server: "https://\(host):\(server.port)")
      #expect(try await server.client(kubeconfig: path).get(secret("none")) == nil)
    }
    #expect(try server.requests().map(\.host) == ["127.0.0.1:\(server.port)", "localhost:\(server.port)"])
    let other = try StubAPIServer()
    let path = try other.kubeconfig(cluster: fields)
    let error = await failure { try await other.client(kubeconfig: path).get(secret("none")) }
    #expect(error?.message.contains("is for another name") == true)
  }

  @Test("a path before the API is kept, as behind a gateway")
  func prefix() async throws {
    let server = try StubAPIServer()
    let path = try server.kubeconfig(server: server.url + "/k8s/clusters/c-1/")
    let error = await failure { try await server.client(kubeconfig: path).delete(secret("x"), .init(uid: "u")) }
    // The stub has no gateway before it: that nothing is there must not pass for an object that is gone.
    #expect(error?.message == "Secret org-1/x is not there: the server could not find the requested resource")
    #expect(try server.requests().map(\.path) == ["/k8s/clusters/c-1\(secretsPath)/x"])
  }

  @Test("nobody who listens, and a host that doesn't exist, are the world's failures")
  func unreachable() async throws {
    let server = try StubAPIServer()
    let port = try ServerProcess.freePort()
    let closed = try server.kubeconfig(server: "https://127.0.0.1:\(port)")
    let refused = await failure { try await server.client(kubeconfig: closed).get(secret("none")) }
    #expect(refused?.message == "connection to 127.0.0.1:\(port) refused")
    #expect(refused?.kind == .environment)
    let unknown = try server.kubeconfig(server: "https://no-such-host.invalid")
    let missing = await failure { try await server.client(kubeconfig: unknown).get(secret("none")) }
    #expect(missing?.message == "no address found for host no-such-host.invalid")
    #expect(missing?.kind == .environment)
  }

  @Test("a port that speaks no TLS is said to be none")
  func plaintext() async throws {
    let listener = try PlaintextListener(greeting: "HTTP/1.1 400 Bad Request\r\n\r\n")
    let server = try StubAPIServer()
    let path = try server.kubeconfig(server: "https://127.0.0.1:\(listener.port)")
    let error = await failure { try await server.client(kubeconfig: path).get(secret("none")) }
    #expect(error?.kind == .environment)
    #expect(error?.message.hasPrefix("no TLS handshake with 127.0.0.1:\(listener.port)") == true)
  }

  @Test("a port that says nothing is given up after the time for connecting")
  func silent() async throws {
    let listener = try PlaintextListener(greeting: "")
    let server = try StubAPIServer()
    let path = try server.kubeconfig(server: "https://127.0.0.1:\(listener.port)")
    let client = try server.client(kubeconfig: path) { $0.connectTimeout = .milliseconds(200) }
    let error = await failure { try await client.get(secret("none")) }
    #expect(error?.kind == .environment)
    #expect(error?.message.contains("127.0.0.1:\(listener.port)") == true)
  }

  @Test("a client certificate of another CA is refused in the handshake, and the error says so")
  func stranger() async throws {
    let server = try StubAPIServer()
    let user = "client-certificate: \(server.pki.path("stranger.crt"))\nclient-key: \(server.pki.path("stranger.key"))"
    let path = try server.kubeconfig(user: user)
    let error = await failure { try await server.client(kubeconfig: path).get(secret("none")) }
    #expect(error?.kind == .environment)
    #expect(error?.message.contains("refused our client certificate: unknown_ca (48)") == true)
  }

  @Test("a request that isn't answered in time fails, and says how long it waited")
  func slow() async throws {
    let server = try StubAPIServer()
    try server.setFaults(#"[{"path": "secrets", "status": 200, "body": "{}", "delay": 20}]"#)
    let client = try server.client { $0.requestTimeout = .seconds(1) }
    let error = await failure { try await client.get(secret("none")) }
    #expect(error?.message == "no answer from 127.0.0.1:\(server.port) within 1s")
  }
}
