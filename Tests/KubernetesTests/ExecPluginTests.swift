import Credentials
import Foundation
import Kubernetes
import PKITestKit
import Testing

@Suite("Exec plugins")
struct ExecPluginTests {
  /// A plugin that is a shell script, in a folder of its own.
  struct Plugin {
    let folder: TemporaryDirectory
    let server: StubAPIServer

    init(_ script: String, server: StubAPIServer) throws {
      self.server = server
      folder = try TemporaryDirectory()
      try Data("#!/bin/sh\n\(script)\n".utf8).write(to: folder.file("script"))
      // Another process writes it: children of other tests may hold a file open that this one writes, and what is open
      // for writing can't be run.
      try Tool.require("install", ["-m", "755", "script", "plugin"], in: folder.url)
    }

    func kubeconfig(_ more: String = "", version: String = "v1", mode: String = "Never") throws -> String {
      try server.kubeconfig(
        user: """
          exec:
            apiVersion: client.authentication.k8s.io/\(version)
            command: \(folder.file("plugin").path)
            interactiveMode: \(mode)
          \(more)
          """)
    }

    var runs: Int {
      ((try? String(contentsOf: folder.file("runs"), encoding: .utf8)) ?? "").split(separator: "\n").count
    }

    func failure(_ more: String = "", mode: String = "Never", timeout: Duration = .seconds(600)) async throws
      -> KubernetesError?
    {
      let path = try kubeconfig(more, mode: mode)
      return await KubernetesTests.failure {
        try await server.client(kubeconfig: path) { $0.execTimeout = timeout }.get(secret("none"))
      }
    }
  }

  static func answer(_ status: String, version: String = "v1") -> String {
    #"{"apiVersion": "client.authentication.k8s.io/\#(version)", "kind": "ExecCredential", "status": \#(status)}"#
  }

  /// For plugins that fail before any request.
  static let unused = Result { try StubAPIServer() }

  static let token = answer(#"{"token": "\#(StubAPIServer.token)"}"#)
  static let count = "echo run >> \"$(dirname \"$0\")/runs\""

  @Test("a plugin's token is used, and asked for once in a run", arguments: ["v1", "v1beta1"])
  func tokens(version: String) async throws {
    let server = try StubAPIServer()
    let answer = Self.answer(#"{"token": "\#(StubAPIServer.token)"}"#, version: version)
    let plugin = try Plugin("\(Self.count)\necho '\(answer)'", server: server)
    let client = try server.client(kubeconfig: plugin.kubeconfig(version: version))
    #expect(try await client.get(secret("none")) == nil)
    #expect(try await client.get(secret("none")) == nil)
    #expect(plugin.runs == 1)
    #expect(try server.requests().map(\.user) == ["token", "token"])
  }

  @Test("a plugin's client certificate is used")
  func certificates() async throws {
    let server = try StubAPIServer()
    let pki = server.pki
    let script = """
      python3 - <<'E'
      import json
      read = lambda path: open(path).read()
      status = {"clientCertificateData": read("\(pki.path("admin.crt"))"), "clientKeyData": read("\(pki.path("admin.key"))")}
      print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}))
      E
      """
    let plugin = try Plugin(script, server: server)
    #expect(try await server.client(kubeconfig: plugin.kubeconfig()).get(secret("none")) == nil)
    #expect(try server.requests().map(\.user) == ["certificate admin"])
  }

  @Test("a token that has expired is asked for anew, and so is one that the server refuses")
  func renewal() async throws {
    let server = try StubAPIServer()
    let expired = Self.answer(
      #"{"token": "\#(StubAPIServer.token)", "expirationTimestamp": "2020-01-01T00:00:00.5Z"}"#)
    let plugin = try Plugin("\(Self.count)\necho '\(expired)'", server: server)
    let client = try server.client(kubeconfig: plugin.kubeconfig())
    _ = try await client.get(secret("none"))
    _ = try await client.get(secret("none"))
    #expect(plugin.runs == 2)

    let first = Self.answer(#"{"token": "stale"}"#)
    let script = """
      if [ -e "$(dirname "$0")/runs" ]; then echo '\(Self.token)'; else echo '\(first)'; fi
      \(Self.count)
      """
    let other = try Plugin(script, server: server)
    #expect(try await server.client(kubeconfig: other.kubeconfig()).get(secret("none")) == nil)
    #expect(other.runs == 2)
  }

  @Test("a plugin is told what it may be told: arguments, variables, the cluster where its entry says so")
  func environment() async throws {
    let server = try StubAPIServer()
    let script = """
      printf '%s|%s|%s' "$1" "$REGION" "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/seen"
      echo '\(Self.token)'
      """
    let plugin = try Plugin(script, server: server)
    let more = "  args: [a b]\n  env: [{name: REGION, value: eu}]\n  provideClusterInfo: true"
    _ = try await server.client(kubeconfig: plugin.kubeconfig(more)).get(secret("none"))
    let seen = try String(contentsOf: plugin.folder.file("seen"), encoding: .utf8).split(separator: "|", maxSplits: 2)
    #expect(seen[0] == "a b")
    #expect(seen[1] == "eu")
    let told = try JSONSerialization.jsonObject(with: Data(seen[2].utf8)) as? [String: Any]
    #expect(told?["apiVersion"] as? String == "client.authentication.k8s.io/v1")
    #expect(told?["kind"] as? String == "ExecCredential")
    let spec = told?["spec"] as? [String: Any]
    #expect(spec?["interactive"] as? Bool == false)
    let cluster = spec?["cluster"] as? [String: Any]
    #expect(cluster?["server"] as? String == server.url)
    #expect(cluster?["certificate-authority-data"] as? String == (try server.pki.base64("ca.crt")))
  }

  @Test(
    "a plugin that prints something else is an error that shows nothing of it",
    arguments: [
      ("echo hush", "printed something that is no ExecCredential"),
      ("echo '{\"hush\":'", "printed something that is no ExecCredential"),
      ("true", "printed something that is no ExecCredential"),
      ("head -c 3000 /dev/urandom", "printed something that is no ExecCredential"),
      ("head -c 100000 /dev/zero | tr '\\0' '['", "printed something that is no ExecCredential"),
      ("head -c 2000000 /dev/zero", "printed more than 1 MiB"),
      ("echo '\(answer(#"{"token": "hush"}"#, version: "v1beta1"))'", "answered in another version"),
      ("echo '\(answer("{}"))'", "handed out no credentials"),
      ("echo '\(answer(#"{"clientKeyData": "hush"}"#))'", "a certificate without a key, or a key without"),
      ("echo '\(answer(#"{"token": "hush hush"}"#))'", "holds no token, or more than one"),
      ("echo '\(answer(#"{"token": "hush", "expirationTimestamp": "soon"}"#))'", "expirationTimestamp that is no time"),
      ("echo '\(answer(#"{"clientCertificateData": "hush", "clientKeyData": "hush"}"#))'", "holds no certificate"),
      ("echo hush; exit 3", "failed with status 3"),
      ("kill -9 $$", "was ended by signal 9"),
    ])
  func rubbish(script: String, message: String) async throws {
    let error = try await Plugin(script, server: Self.unused.get()).failure()
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    #expect(error?.text.contains("hush") == false)
  }

  @Test("a plugin that hangs is ended, with all that it has started")
  func hanging() async throws {
    let server = try StubAPIServer()
    let plugin = try Plugin("sleep 300 & echo $! > \"$(dirname \"$0\")/child\"; wait", server: server)
    // Long enough that it has started its child by then.
    let error = try await plugin.failure(timeout: .seconds(10))
    #expect(error?.message.hasSuffix("did not end within 10 s") == true)
    #expect(error?.kind == .environment)
    let child = try String(contentsOf: plugin.folder.file("child"), encoding: .utf8).split(separator: "\n")[0]
    // It may stay a zombie where nobody reaps orphans.
    func hasEnded() -> Bool {
      let state = (try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)) ?? "() Z"
      return state.contains(") Z") || state.contains(") X")
    }
    // Whom the signal is sent to ends a moment later. By itself it would end after five minutes.
    for _ in 0..<1200 where !hasEnded() { try await Task.sleep(for: .milliseconds(50)) }
    #expect(hasEnded())
  }

  @Test("a plugin that isn't there is an error with the installation hint of its entry")
  func missing() async throws {
    let server = try StubAPIServer()
    for command in ["no-such-plugin-of-anybody", "/nowhere/plugin"] {
      let user = """
        exec:
          apiVersion: client.authentication.k8s.io/v1beta1
          command: \(command)
          installHint: get it from example.org
        """
      let path = try server.kubeconfig(user: user)
      let error = await failure { try await server.client(kubeconfig: path).get(secret("none")) }
      #expect(error?.message == "the exec plugin \(command) is not there")
      #expect(error?.hint == "get it from example.org")
    }
  }

  @Test("a plugin that needs a terminal is not run without one")
  func terminal() async throws {
    let plugin = try Plugin(Self.count, server: StubAPIServer())
    let error = try await plugin.failure(mode: "Always")
    #expect(error?.message.hasSuffix("needs a terminal") == true)
    #expect(plugin.runs == 0)
  }
}
