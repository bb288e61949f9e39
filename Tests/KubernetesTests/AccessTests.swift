import Credentials
import Formats
import Foundation
import Kubernetes
import PKITestKit
import Testing

@Suite("Finding a cluster")
struct AccessTests {
  @Test("the named kubeconfig comes before $KUBECONFIG, that before ~/.kube/config")
  func order() throws {
    let home = try TemporaryDirectory()
    let server = try StubAPIServerPKI.shared.get()
    func write(_ name: String, host: String) throws -> String {
      let text = """
        current-context: c
        clusters: [{name: c, cluster: {server: "https://\(host)", certificate-authority: \(server.path("ca.crt"))}}]
        users: [{name: u, user: {token: t}}]
        contexts: [{name: c, context: {cluster: c, user: u}}]
        """
      let file = home.file(name)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
      return file.path
    }
    let named = try write("named", host: "named")
    let listed = try write("listed", host: "listed")
    _ = try write(".kube/config", host: "home")
    var environment = ["HOME": home.path, "KUBECONFIG": "\(home.path)/missing::\(listed)"]
    func host(_ kubeconfig: String?) throws -> String {
      try ClusterAccess.find(.init(kubeconfig: kubeconfig, environment: environment)).server.host
    }
    #expect(try host(named) == "named")
    #expect(try host(nil) == "listed")
    environment["KUBECONFIG"] = ""
    #expect(try host(nil) == "home")
    #expect(try ClusterAccess.find(.init(environment: environment)).namespace == "default")
  }

  @Test("in a pod the service account is used, when there is no kubeconfig")
  func inCluster() async throws {
    let server = try StubAPIServer()
    let folder = try TemporaryDirectory()
    try Data(StubAPIServer.token.utf8).write(to: folder.file("token"))
    try Data("org-1\n".utf8).write(to: folder.file("namespace"))
    try FileManager.default.copyItem(atPath: server.pki.path("ca.crt"), toPath: folder.file("ca.crt").path)
    var sources = ClusterAccess.Sources(
      environment: ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(server.port)"])
    sources.serviceAccountFolder = folder.path
    let access = try ClusterAccess.find(sources)
    #expect(access.namespace == "org-1")
    #expect(access.title == "the pod's service account")
    #expect(try await KubernetesClient(access, settings: StubAPIServer.settings()).get(secret("none")) == nil)
  }

  @Test("without any configuration the error names the places that were looked at")
  func nowhere() throws {
    var sources = ClusterAccess.Sources(environment: ["HOME": "/nowhere"])
    sources.serviceAccountFolder = "/nowhere/account"
    let error = #expect(throws: KubernetesError.self) { try ClusterAccess.find(sources) }
    #expect(error?.message == "no cluster is configured")
    #expect(error?.hint?.contains("/nowhere/.kube/config, /nowhere/account") == true)
    #expect(error?.kind == .badInput)
  }

  @Test("a named kubeconfig that isn't there is an error, and never another cluster")
  func missing() throws {
    let server = try StubAPIServer()
    let sources = ClusterAccess.Sources(
      kubeconfig: "/nowhere/config", environment: ["KUBECONFIG": try server.kubeconfig()])
    let error = #expect(throws: KubernetesError.self) { try ClusterAccess.find(sources) }
    #expect(error?.message == "/nowhere/config can't be read: no such file")
    #expect(error?.kind == .badInput)
  }

  @Test("a kubeconfig that isn't one is refused with its path, whatever the bytes")
  func garbage() throws {
    let folder = try TemporaryDirectory()
    for bytes in [
      [0xFF, 0xFE, 0], Array("-----BEGIN CERTIFICATE-----".utf8), [UInt8](repeating: 0x5B, count: 5 << 20),
    ] {
      try Data(bytes).write(to: folder.file("config"))
      let sources = ClusterAccess.Sources(kubeconfig: folder.file("config").path, environment: [:])
      let error = #expect(throws: KubernetesError.self) { try ClusterAccess.find(sources) }
      #expect(error?.message.contains(folder.file("config").path) == true)
      #expect(error?.kind == .badInput)
    }
    let isFolder = #expect(throws: KubernetesError.self) {
      try ClusterAccess.find(.init(kubeconfig: folder.path, environment: [:]))
    }
    #expect(isFolder?.message.contains("it is a folder") == true)
  }

  @Test("keys and certificates that can't be used are named with user and field")
  func material() throws {
    let server = try StubAPIServer()
    let pki = server.pki
    func error(user: String? = nil, cluster: String? = nil) throws -> KubernetesError? {
      let path = try server.kubeconfig(cluster: cluster, user: user)
      return #expect(throws: KubernetesError.self) {
        try ClusterAccess.find(.init(kubeconfig: path, environment: [:]))
      }
    }
    func user(_ certificate: String, _ key: String) -> String {
      "client-certificate: \(pki.path(certificate))\nclient-key: \(pki.path(key))"
    }
    let mismatch = try error(user: user("admin.crt", "stranger.key"))
    #expect(mismatch?.message.contains("user 'stub-user' of ") == true)
    #expect(mismatch?.message.hasSuffix("stranger.key does not belong to the client certificate") == true)
    let encrypted = try error(user: user("admin.crt", "admin-encrypted.key"))
    #expect(encrypted?.message.contains("is encrypted") == true)
    let noKey = try error(user: user("admin.crt", "admin.crt"))
    #expect(noKey?.message.contains("holds no private key") == true)
    let absent = try error(user: user("gone.crt", "admin.key"))
    #expect(absent?.message.contains("client-certificate names \(pki.path("gone.crt")), which is not there") == true)
    let noCA = try error(cluster: "certificate-authority-data: bm90aGluZw==")
    #expect(noCA?.message.contains("cluster 'stub-cluster' of ") == true)
    #expect(noCA?.message.contains("certificate-authority-data holds no certificate") == true)
    for error in [mismatch, encrypted, noKey, absent, noCA] { #expect(error?.kind == .badInput) }
  }

  @Test("a token that would break out of its header field is refused and not shown")
  func token() async throws {
    let server = try StubAPIServer()
    for token in ["\"a\\r\\nX: y-hush\"", "\"hush hush\"", "\"h\u{00FC}sh\""] {
      let path = try server.kubeconfig(user: "token: \(token)")
      let error = await failure { try await server.client(kubeconfig: path).get(secret("none")) }
      #expect(error?.kind == .badInput)
      #expect(error?.text.contains("sh") == false || error?.text.contains("hush") == false)
    }
    #expect(try server.requests().isEmpty)
  }

  @Test("the system's bundle of public CAs can be named as the authority")
  func systemBundle() throws {
    let server = try StubAPIServer()
    let path = try server.kubeconfig(cluster: "certificate-authority: /etc/ssl/certs/ca-certificates.crt")
    let access = try ClusterAccess.find(.init(kubeconfig: path, environment: [:]))
    #expect(access.trust.count > 50)
  }
}
