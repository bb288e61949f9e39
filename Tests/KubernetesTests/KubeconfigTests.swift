import Credentials
import Formats
import Foundation
import PKITestKit
import Testing

@Suite("Kubeconfig")
struct KubeconfigTests {
  static let example = """
    apiVersion: v1
    kind: Config
    current-context: prod
    preferences: {}
    clusters:
    - name: prod
      cluster:
        server: https://api.example.org:6443
        certificate-authority-data: Y2E=
        extensions:
        - name: client.authentication.k8s.io/exec
          extension: {audience: "123", retries: 3, flag: true, ratio: 0.5, none: ~, tags: [a, 'true']}
    users:
    - name: admin
      user:
        client-certificate: pki/admin.crt
        client-key: /etc/admin.key
    - name: plugin
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: bin/login
          args: [--cluster, prod]
          env:
          - {name: REGION, value: eu}
          interactiveMode: Never
          provideClusterInfo: true
          installHint: get it from example.org
    contexts:
    - name: prod
      context: {cluster: prod, user: admin, namespace: org-1}
    - name: other
      context: {cluster: prod, user: plugin}
    """

  static func decode(_ text: String, _ path: String = "/home/me/.kube/config") throws(KubeconfigError) -> Kubeconfig {
    try Kubeconfig.decode(Array(text.utf8), path: path)
  }

  @Test("the current context's cluster and user are found, with paths relative to the file's folder")
  func current() throws {
    let selection = try Self.decode(Self.example).selection(context: nil, path: "config")
    #expect(selection.context == "prod")
    #expect(selection.server == APIServerAddress(host: "api.example.org", port: 6443))
    #expect(selection.authority == .data(Array("ca".utf8)))
    #expect(selection.user.certificate == .file("/home/me/.kube/pki/admin.crt"))
    #expect(selection.user.key == .file("/etc/admin.key"))
    #expect(selection.namespace == "org-1")
  }

  @Test("another context is taken when it is named, and its exec plugin read whole")
  func named() throws {
    let selection = try Self.decode(Self.example).selection(context: "other", path: "config")
    let plugin = try #require(selection.user.exec)
    #expect(plugin.version == .v1)
    #expect(plugin.command == "/home/me/.kube/bin/login")
    #expect(plugin.arguments == ["--cluster", "prod"])
    #expect(plugin.environment.map { "\($0.name)=\($0.value)" } == ["REGION=eu"])
    #expect(plugin.interactiveMode == .never)
    #expect(plugin.providesClusterInformation)
    #expect(plugin.installHint == "get it from example.org")
    #expect(
      selection.cluster.execConfiguration
        == #"{"audience":"123","retries":3,"flag":true,"ratio":0.5,"none":null,"tags":["a","true"]}"#)
    #expect(selection.namespace == nil)
  }

  @Test("of several files the first to name an entry has the say, as kubectl has it")
  func merging() throws {
    let folder = try TemporaryDirectory()
    let first = """
      apiVersion: v1
      kind: Config
      users: [{name: shared, user: {token: of-first}}, {name: a, user: {token: t}}]
      contexts: [{name: one, context: {cluster: c, user: shared}}]
      """
    let second = """
      apiVersion: v1
      kind: Config
      current-context: one
      clusters: [{name: c, cluster: {server: "https://c.example.org", certificate-authority-data: Y2E=}}]
      users: [{name: shared, user: {token: of-second}}, {name: b, user: {token: t}}]
      contexts: [{name: one, context: {cluster: other, user: b, namespace: ns}}, {name: two, context: {user: b}}]
      """
    for (name, text) in [("first", first), ("second", second)] {
      try Data(text.utf8).write(to: folder.file(name))
    }
    let paths = ["first", "second"].map { folder.file($0).path }
    let merged = Kubeconfig.merged(
      try paths.map { try Kubeconfig.decode(Array(Data(contentsOf: URL(fileURLWithPath: $0))), path: $0) })
    let kubectl = try Tool.require(
      "kubectl", ["config", "view", "--raw", "-o", "json"], environment: ["KUBECONFIG": paths.joined(separator: ":")])
    let theirs = try JSONDecoder().decode(TheirConfig.self, from: kubectl.stdout)
    #expect(merged.currentContext == theirs.currentContext)
    #expect(
      Dictionary(merged.users.map { ($0.name, $0.token) }, uniquingKeysWith: { $1 })
        == Dictionary(theirs.users.map { ($0.name, $0.user.token) }, uniquingKeysWith: { $1 }))
    #expect(Set(merged.clusters.map(\.server)) == Set(theirs.clusters.map(\.cluster.server)))
    // kubectl mixes what the two files say of a context of one name, against its own documentation; we don't.
    #expect(Set(merged.contexts.map(\.name)) == Set(theirs.contexts.map(\.name)))
    #expect(merged.contexts.first { $0.name == "one" }?.user == "shared")
  }

  private struct TheirConfig: Decodable {
    struct Cluster: Decodable {
      struct Body: Decodable { var server: String }
      var cluster: Body
    }
    struct User: Decodable {
      struct Body: Decodable { var token: String? }
      var name: String
      var user: Body
    }
    struct Context: Decodable { var name: String }
    var currentContext: String
    var clusters: [Cluster]
    var users: [User]
    var contexts: [Context]
    enum CodingKeys: String, CodingKey {
      case currentContext = "current-context"
      case clusters, users, contexts
    }
  }

  @Test("a file that kubectl wrote is read as it was meant")
  func written() throws {
    let folder = try TemporaryDirectory()
    let path = folder.file("config").path
    let commands = [
      ["set-cluster", "c", "--server=https://10.0.0.1:6443", "--tls-server-name=api"],
      ["set", "clusters.c.certificate-authority-data", "Y2E="],
      ["set", "users.u.token", "hush"], ["set", "users.u.client-certificate", "pki/u.crt"],
      ["set", "users.u.client-key", "/etc/u.key"],
      ["set-context", "x", "--cluster=c", "--user=u", "--namespace=n"], ["use-context", "x"],
    ]
    for command in commands { try Tool.require("kubectl", ["--kubeconfig", path, "config"] + command) }
    let bytes = Array(try Data(contentsOf: folder.file("config")))
    let selection = try Kubeconfig.decode(bytes, path: path).selection(context: nil, path: path)
    #expect(selection.server.description == "https://10.0.0.1:6443")
    #expect(selection.cluster.serverName == "api")
    #expect(selection.user.token == "hush")
    #expect(selection.user.certificate.map { "\($0)".hasSuffix("pki/u.crt\")") } == true)
    #expect(selection.user.key == .file("/etc/u.key"))
    #expect(selection.namespace == "n")
  }

  @Test(
    "what we don't do is refused, with the entry and what to do, and never done otherwise",
    arguments: [
      ("certificate-authority-data: Y2E=", "insecure-skip-tls-verify: true", "cluster 'prod' has insecure-skip"),
      ("certificate-authority-data: Y2E=", "proxy-url: http://proxy:3128", "cluster 'prod' has proxy-url"),
      (
        "certificate-authority-data: Y2E=", "tls-server-name: evil/x", "cluster 'prod' has a tls-server-name that is no"
      ),
      ("certificate-authority-data: Y2E=", "x: y", "cluster 'prod' has no certificate-authority"),
      ("https://api.example.org:6443", "http://api.example.org:6443", "a server that is not an https URL"),
      ("client-certificate: pki/admin.crt", "username: joe", "has a username and password"),
      ("client-certificate: pki/admin.crt", "auth-provider: {name: oidc}", "has auth-provider"),
      ("client-certificate: pki/admin.crt", "as: root", "user 'admin' has as, which is not supported"),
      ("client-certificate: pki/admin.crt", "x: y", "has a client-key but no client-certificate"),
      ("cluster: prod, user: admin", "cluster: gone, user: admin", "names the cluster 'gone'"),
      ("cluster: prod, user: admin", "cluster: prod, user: gone", "names the user 'gone'"),
      ("current-context: prod", "current-context: gone", "has no context 'gone'"),
      ("current-context: prod", "x: y", "names no current context"),
    ])
  func refusals(old: String, new: String, message: String) throws {
    let text = Self.example.replacingOccurrences(of: old, with: new)
    #expect(text != Self.example)
    let config = try Self.decode(text)
    let error = #expect(throws: KubeconfigError.self) { try config.selection(context: nil, path: "/c") }
    #expect(error?.message.contains(message) == true)
    #expect(error?.hint != nil)
    #expect(error?.kind == .badInput)
  }

  @Test(
    "a broken file is refused with file, line and entry",
    arguments: [
      ("kind: Config", "kind: Secret", ":1: the file is a Secret, not a Config"),
      ("Y2E=", "'!!!'", "cluster 'prod' has certificate-authority-data that is not base64"),
      ("- name: admin\n", "- nam: admin\n", "an item of users has no name"),
      ("- name: plugin", "- name: admin", "repeats the name 'admin'"),
      ("args: [--cluster, prod]", "args: {a: b}", "exec of user 'plugin' has args, which is not a list"),
      ("interactiveMode: Never", "interactiveMode: Sometimes", "has an interactiveMode that is not known"),
      ("interactiveMode: Never", "x: y", "has no interactiveMode"),
      ("k8s.io/v1\n", "k8s.io/v7\n", "has no apiVersion that is known"),
      ("command: bin/login", "x: y", "names no command"),
      ("command: bin/login", "command: [a]", "has a command that is not a string"),
      ("provideClusterInfo: true", "provideClusterInfo: maybe", "neither true nor false"),
      ("{name: REGION, value: eu}", #"{name: "A=B", value: eu}"#, "has no valid name"),
      ("--cluster, prod", #"--cluster, "a\0b""#, "has a argument that is not a string"),
      ("clusters:\n", "clusters: 7\nx:\n", "clusters, which is not a list"),
      ("preferences: {}", "preferences: {", "not a valid YAML file"),
    ])
  func broken(old: String, new: String, message: String) throws {
    let text = Self.example.replacingOccurrences(of: old, with: new)
    #expect(text != Self.example)
    let error = #expect(throws: KubeconfigError.self) { try Self.decode(text) }
    #expect(error?.message.contains("/home/me/.kube/config:") == true)
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test("an empty file is a kubeconfig of nothing")
  func empty() throws {
    #expect(try Self.decode("") == Kubeconfig())
    #expect(try Self.decode("# nothing\n") == Kubeconfig())
  }

  @Test(
    "the address of a server is an https URL and nothing more",
    arguments: [
      ("https://a.example", "https://a.example:443"), ("HTTPS://a:6443/", "https://a:6443"),
      ("https://[2001:db8::1]:6443/k8s/c-1/", "https://[2001:db8::1]:6443/k8s/c-1"),
      ("https://10.0.0.1", "https://10.0.0.1:443"), ("https://", nil), ("https://a:0", nil), ("https://a:65536", nil),
      ("https://a:+1", nil), ("https://u:p@a", nil), ("https://a?x=y", nil), ("https://a/#f", nil),
      ("https://[::1", nil), ("https://[a.b]", nil), ("https://a b", nil), ("http://a", nil), ("", nil),
      ("https://a/\r\nHost: b", nil),
    ] as [(String, String?)])
  func addresses(text: String, expected: String?) {
    #expect(APIServerAddress(text)?.description == expected)
  }

  @Test("a user's secrets are not shown when its entry is printed")
  func printing() throws {
    let user = try Self.decode("users: [{name: u, user: {token: hush, exec: {}}}]".replacing(", exec: {}", with: ""))
      .users[0]
    var dumped = ""
    dump(user, to: &dumped)
    #expect(!"\(user)\(String(reflecting: user))\(dumped)".contains("hush"))
  }

  @Test("no mutation of a kubeconfig traps, and what is still read can be selected or refused")
  func mutations() {
    var generator = SplitMix(state: 7)
    let seed = Array(Self.example.utf8)
    var read = 0
    for _ in 0..<1500 {
      var bytes = seed
      for _ in 0...Int(generator.next() % 4) {
        let at = Int(generator.next() % UInt64(bytes.count))
        switch generator.next() % 4 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: generator.next())
        case 1: bytes.removeSubrange(at..<min(bytes.count, at + Int(generator.next() % 40)))
        case 2: bytes.insert(contentsOf: Array("[]{}:\n- '\"&a*a".utf8).shuffled(using: &generator), at: at)
        default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 60)], at: at)
        }
        if bytes.isEmpty { bytes = seed }
      }
      guard let config = try? Kubeconfig.decode(bytes, path: "c") else { continue }
      read += 1
      for context in config.contexts { _ = try? config.selection(context: context.name, path: "c") }
    }
    #expect(read > 0)
    for deep in ["[", "{a: ", "- "] {
      let bytes = Array("users: \n\(String(repeating: deep, count: 100_000))".utf8)
      #expect(throws: KubeconfigError.self) { try Kubeconfig.decode(bytes, path: "c") }
    }
  }
}

/// Numbers that are the same in every run.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
