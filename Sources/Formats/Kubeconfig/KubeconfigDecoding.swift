import Yams

extension Kubeconfig {
  /// Reads one file. Keys that we don't know are passed over, as kubectl does.
  /// - Parameter path: where the bytes come from: named in errors, and paths in the file are relative to its folder.
  /// - Throws: ``KubeconfigError`` with file, line and entry.
  package static func decode(_ bytes: [UInt8], path: String) throws(KubeconfigError) -> Kubeconfig {
    let documents: [Node]
    do {
      documents = try YAMLText.documents(bytes)
    } catch {
      throw KubeconfigError("\(path): \(error.message)", hint: "`kubectl config view` says whether kubectl can read it")
    }
    guard let root = documents.first, !KubeconfigFields.isNull(root) else { return Kubeconfig() }
    guard documents.count == 1 else {
      throw KubeconfigError("\(path) holds \(documents.count) YAML documents", hint: "a kubeconfig is one document")
    }
    return try KubeconfigDecoder(path: path).kubeconfig(root)
  }
}

private struct KubeconfigDecoder {
  let path: String

  func kubeconfig(_ root: Node) throws(KubeconfigError) -> Kubeconfig {
    let top = try KubeconfigFields(root, of: "the file", path: path)
    if let kind = try top.text("kind"), kind != "Config" {
      throw top.failure("is a \(kind), not a Config", hint: "name a kubeconfig")
    }
    var result = Kubeconfig()
    result.currentContext = try top.text("current-context")
    for entry in try entries("clusters", "cluster", in: top) { result.clusters.append(try cluster(entry)) }
    for entry in try entries("users", "user", in: top) { result.users.append(try user(entry)) }
    for entry in try entries("contexts", "context", in: top) { result.contexts.append(try context(entry)) }
    return result
  }

  private struct Entry {
    var name: String
    var fields: KubeconfigFields
  }

  /// The list `key`, whose items hold a name and, under `kind`, the fields.
  private func entries(_ key: String, _ kind: String, in top: KubeconfigFields) throws(KubeconfigError) -> [Entry] {
    var entries: [Entry] = []
    var names: Set<String> = []
    for node in try top.list(key) {
      let item = try KubeconfigFields(node, of: "an item of \(key)", path: path)
      guard let name = try item.text("name") else { throw item.failure("has no name") }
      guard names.insert(name).inserted else {
        throw item.failure("repeats the name '\(name)'", hint: "remove or rename one of the two")
      }
      entries.append(
        Entry(name: name, fields: try item.fields(kind, of: "\(kind) '\(name)'") ?? .empty("\(kind) '\(name)'", item)))
    }
    return entries
  }

  private func cluster(_ entry: Entry) throws(KubeconfigError) -> Kubeconfig.Cluster {
    let fields = entry.fields
    var cluster = Kubeconfig.Cluster(name: entry.name, origin: path, server: try fields.text("server") ?? "")
    cluster.serverName = try fields.text("tls-server-name")
    cluster.authority = try fields.material("certificate-authority")
    cluster.skipsVerification = try fields.flag("insecure-skip-tls-verify")
    cluster.proxyURL = try fields.text("proxy-url")
    for node in try fields.list("extensions") {
      let item = try KubeconfigFields(node, of: "an extension of \(fields.title)", path: path)
      guard try item.text("name") == "client.authentication.k8s.io/exec" else { continue }
      cluster.execConfiguration = item["extension"].map(YAMLText.json)
    }
    return cluster
  }

  private func user(_ entry: Entry) throws(KubeconfigError) -> Kubeconfig.User {
    let fields = entry.fields
    var user = Kubeconfig.User(name: entry.name, origin: path)
    user.certificate = try fields.material("client-certificate")
    user.key = try fields.material("client-key")
    user.token = try fields.text("token")
    user.tokenFile = try fields.file("tokenFile")
    user.exec = try fields.fields("exec", of: "exec of \(fields.title)").map(exec)
    user.unsupported = Self.unsupported.filter { key in fields[key].map { !KubeconfigFields.isEmpty($0) } ?? false }
    return user
  }

  /// Removed from Kubernetes, or a wish to act as somebody else: silently left out, we would be the wrong user.
  private static let unsupported = [
    "username", "password", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra",
  ]

  private func exec(_ fields: KubeconfigFields) throws(KubeconfigError) -> Kubeconfig.ExecPlugin {
    let versions = Kubeconfig.ExecPlugin.Version.allCases.map(\.rawValue)
    guard let text = try fields.text("apiVersion"), let version = Kubeconfig.ExecPlugin.Version(rawValue: text) else {
      throw fields.failure("has no apiVersion that is known", hint: "known here: \(versions.joined(separator: ", "))")
    }
    guard let command = try fields.text("command") else { throw fields.failure("names no command") }
    // As kubectl has it: a bare name is looked for on the PATH, what has a slash is a path beside the file.
    var plugin = Kubeconfig.ExecPlugin(
      version: version, command: command.contains("/") ? fields.resolved(command) : command)
    for node in try fields.list("args") { plugin.arguments.append(try fields.string(node, "argument")) }
    for node in try fields.list("env") {
      let item = try KubeconfigFields(node, of: "env of \(fields.title)", path: path)
      guard let name = try item.text("name"), !name.contains("=") else { throw item.failure("has no valid name") }
      plugin.environment.append(.init(name: name, value: try item.text("value") ?? ""))
    }
    plugin.interactiveMode = try interactiveMode(fields, version)
    plugin.providesClusterInformation = try fields.flag("provideClusterInfo")
    plugin.installHint = try fields.text("installHint")
    return plugin
  }

  private func interactiveMode(
    _ fields: KubeconfigFields, _ version: Kubeconfig.ExecPlugin.Version
  ) throws(KubeconfigError) -> Kubeconfig.ExecPlugin.InteractiveMode {
    let known = Kubeconfig.ExecPlugin.InteractiveMode.allCases.map(\.rawValue).joined(separator: ", ")
    guard let text = try fields.text("interactiveMode") else {
      guard version == .v1 else { return .ifAvailable }
      throw fields.failure("has no interactiveMode, which \(version.rawValue) demands", hint: "one of \(known)")
    }
    guard let mode = Kubeconfig.ExecPlugin.InteractiveMode(rawValue: text) else {
      throw fields.failure("has an interactiveMode that is not known", hint: "one of \(known)")
    }
    return mode
  }

  private func context(_ entry: Entry) throws(KubeconfigError) -> Kubeconfig.Context {
    let fields = entry.fields
    return Kubeconfig.Context(
      name: entry.name, origin: path, cluster: try fields.text("cluster") ?? "", user: try fields.text("user") ?? "",
      namespace: try fields.text("namespace"))
  }
}
