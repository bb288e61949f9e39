package import Foundation

/// A Kubernetes API server for tests, over real TLS, in Python and so independent of our code: see
/// `server/stub_api_server.py` beside this file. It records requests, and answers wrongly where a test asks for it.
package final class StubAPIServer: Sendable {
  /// One request, as the server got it.
  package struct Request: Decodable, Sendable {
    package var method: String
    package var path: String
    package var query: [String: String]
    /// `token`, `certificate NAME`, or nil when it was not known.
    package var user: String?
    package var contentType: String?
    package var accept: String?
    package var host: String?
    package var body: String
  }

  package static let token = "stub-token-4f1c9a7be2"
  /// The server's program, for scripts.
  package static let program = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("server/stub_api_server.py")

  /// The system's own, which starts sooner than one that a version manager has to find.
  private static var python: String {
    let system = "/usr/bin/python3"
    return FileManager.default.isExecutableFile(atPath: system) ? system : "python3"
  }

  package let pki: StubAPIServerPKI
  private let process: ServerProcess
  private let directory: TemporaryDirectory

  /// - Parameters:
  ///   - state: JSON of the namespaces and objects that it starts with.
  ///   - certificate: which of the certificates of ``StubAPIServerPKI`` it serves.
  package init(state: String = #"{"namespaces": ["org-1"]}"#, certificate: String = "server") throws {
    pki = try StubAPIServerPKI.shared.get()
    directory = try TemporaryDirectory()
    try Data(state.utf8).write(to: directory.file("state.json"))
    let arguments = [
      Self.program.path, "--cert", pki.path("\(certificate).crt"), "--key", pki.path("\(certificate).key"),
      "--client-ca", pki.path("ca.crt"), "--port", "%PORT%", "--token", Self.token,
      "--state", directory.file("state.json").path, "--faults", directory.file("faults.json").path,
      "--log", directory.file("requests.jsonl").path, "--until-input-ends",
    ]
    process = try ServerProcess(
      .init(program: Self.python, arguments: ["-B"] + arguments, directory: directory), port: ServerProcess.freePort())
  }

  package var port: Int { process.port }
  package var url: String { "https://127.0.0.1:\(port)" }
  /// What it printed, for a failing test.
  package var output: String { process.output }

  /// Sets the wrong answers: JSON as the program's first lines say.
  package func setFaults(_ json: String) throws {
    try Data(json.utf8).write(to: directory.file("faults.json"), options: .atomic)
  }

  /// All requests so far; of a line without an end, not all is written yet.
  package func requests() throws -> [Request] {
    guard let text = try? Data(contentsOf: directory.file("requests.jsonl")) else { return [] }
    let lines = text[..<(text.lastIndex(of: 0x0A) ?? text.startIndex)].split(separator: 0x0A)
    return try lines.map { try JSONDecoder().decode(Request.self, from: $0) }
  }

  /// An object as curl gets it; nil when it is not there.
  package func object(_ path: String) throws -> [String: any Sendable]? {
    let answer = try Tool.require(
      "curl",
      [
        "--silent", "--show-error", "--cacert", pki.path("ca.crt"), "--header", "Authorization: Bearer \(Self.token)",
        url + path,
      ])
    let value = try JSONSerialization.jsonObject(with: answer.stdout) as? [String: any Sendable]
    return value?["kind"] as? String == "Status" ? nil : value
  }

  /// A kubeconfig of one context, `stub`, in a file of its own.
  /// - Parameters:
  ///   - cluster: more fields of the cluster, one in a line, such as `tls-server-name: x`.
  ///   - user: the user's fields, one in a line; the token if nil.
  package func kubeconfig(cluster: String? = nil, server: String? = nil, user: String? = nil) throws -> String {
    func indented(_ lines: String) -> String {
      lines.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
    }
    let text = """
      apiVersion: v1
      kind: Config
      current-context: stub
      clusters:
      - name: stub-cluster
        cluster:
          server: \(server ?? url)
      \(indented(cluster ?? "certificate-authority: \(pki.path("ca.crt"))"))
      users:
      - name: stub-user
        user:
      \(indented(user ?? "token: \(Self.token)"))
      contexts:
      - name: stub
        context: {cluster: stub-cluster, user: stub-user, namespace: org-1}

      """
    let file = directory.file("kubeconfig-\(UUID().uuidString)")
    try Data(text.utf8).write(to: file)
    return file.path
  }

  /// Runs the real kubectl against it.
  package func kubectl(_ arguments: String..., input: String? = nil) throws -> Tool.Output {
    try kubectl(arguments, input: input)
  }

  package func kubectl(_ arguments: [String], input: String? = nil) throws -> Tool.Output {
    try Tool.run(
      "kubectl",
      ["--kubeconfig", kubeconfig(), "--cache-dir", directory.file("cache").path] + arguments, in: directory.url,
      input: input.map { Data($0.utf8) })
  }
}

/// Certificates for a stub, made by openssl, once for all tests.
package final class StubAPIServerPKI: Sendable {
  package static let shared = Result { try StubAPIServerPKI() }

  private let directory: TemporaryDirectory

  package func path(_ name: String) -> String { directory.file(name).path }

  package func base64(_ name: String) throws -> String {
    try Data(contentsOf: directory.file(name)).base64EncodedString()
  }

  /// `server` for localhost and 127.0.0.1, `elsewhere` for another name, `admin` and `stranger` for clients; the
  /// last is of `other-ca`.
  private init() throws {
    directory = try TemporaryDirectory()
    for name in ["ca", "other-ca"] {
      try key(name)
      try Tool.openssl(
        "req", "-x509", "-new", "-key", "\(name).key", "-subj", "/CN=Stub \(name)", "-days", "30", "-out",
        "\(name).crt", "-addext", "keyUsage=critical,keyCertSign,cRLSign", in: directory.url)
    }
    try certificate("server", "/CN=api", "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth")
    try certificate("elsewhere", "/CN=api", "subjectAltName=DNS:api.example.org\nextendedKeyUsage=serverAuth")
    try certificate("admin", "/CN=admin/O=system:masters", "extendedKeyUsage=clientAuth")
    try certificate("stranger", "/CN=stranger", "extendedKeyUsage=clientAuth", authority: "other-ca")
    try Tool.openssl(
      "pkcs8", "-topk8", "-in", "admin.key", "-out", "admin-encrypted.key", "-passout", "pass:x", in: directory.url)
  }

  private func key(_ name: String) throws {
    try Tool.openssl(
      "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "\(name).key", in: directory.url)
  }

  private func certificate(
    _ name: String, _ subject: String, _ extensions: String, authority: String = "ca"
  ) throws {
    try key(name)
    try Tool.openssl("req", "-new", "-key", "\(name).key", "-subj", subject, "-out", "\(name).csr", in: directory.url)
    try Data("subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\(extensions)\n".utf8)
      .write(to: directory.file("\(name).ext"))
    try Tool.openssl(
      "x509", "-req", "-in", "\(name).csr", "-CA", "\(authority).crt", "-CAkey", "\(authority).key", "-days", "20",
      "-extfile", "\(name).ext", "-out", "\(name).crt", in: directory.url)
  }
}
