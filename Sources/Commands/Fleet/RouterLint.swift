import Credentials
import Formats
import Foundation
import Router
import Systems

/// A router's configuration with the files that it names: what `router run` would say of them, and of their certificates
/// what `lint` says of any. Addresses, accounts, names and URLs are left to the machine that it runs on.
struct RouterLint {
  let file: LintFile
  let now: Date
  /// Nil where the operator said nothing.
  let warning: Duration?

  /// - Returns: the findings, and the paths of the files that were read.
  func lint() -> (findings: [Finding], files: [String]) {
    do throws(DeclarationErrors) {
      return lint(try RouterConfigurationFile(path: file.path).parse(file.bytes))
    } catch {
      return (error.all.map { finding($0) }, [])
    }
  }

  private func lint(_ configuration: RouterConfiguration) -> (findings: [Finding], files: [String]) {
    var unreadable: [SetupProblem] = []
    var read: [LintFile] = []
    let passphrases = Set(configuration.passphraseFiles)
    var seen: Set<String> = []
    for path in configuration.files where seen.insert(path).inserted {
      do throws(FileFailure) {
        let bytes = try InputFile.read(path)
        if !passphrases.contains(path) { read.append(LintFile(path: path, bytes: bytes)) }
      } catch {
        unreadable.append(SetupProblem(key: nil, text: error.message, hint: error.hint))
      }
    }
    let told = Set(unreadable.map(\.text))
    let problems = unreadable + setupProblems(configuration).filter { !told.contains($0.text) }
    let context = LintContext(files: read, now: now, warning: warning ?? .seconds(30 * 86_400))
    // Of a file that can't be used, that is said once.
    let inspected = FileLint.findings(in: context).filter { finding in
      !problems.contains { $0.text.contains(finding.file) }
    }
    let unusable = problems.map { finding($0) }
    let bypasses = configuration.bypasses.map { finding($0) }
    return (unusable + bypasses + inspected, read.map(\.path))
  }

  /// Each listener and each cluster by itself, since the first problem ends the making of a snapshot.
  private func setupProblems(_ configuration: RouterConfiguration) -> [SetupProblem] {
    // No name is asked for, and no URL.
    let builder = SnapshotBuilder(reading: { try InputFile.read($0) }, resolved: { _ in [] })
    let plain = configuration.clusters.map { cluster in
      var copy = cluster
      copy.tls = nil
      return copy
    }
    let parts =
      configuration.clusters.map { RouterConfiguration(listeners: [], clusters: [$0]) }
      + configuration.listeners.map { RouterConfiguration(listeners: [$0], clusters: plain) }
    var problems: [SetupProblem] = []
    for part in parts {
      do throws(RouterSetupError) {
        _ = try builder.build(part, after: nil, at: now)
      } catch {
        problems.append(SetupProblem(key: error.place, text: error.problem, hint: error.hint))
      }
    }
    return problems
  }
}

/// Why `router run` would refuse a file that the configuration names, in its words.
private struct SetupProblem {
  /// What it is about, such as `listeners[mqtt].clients.trust`; nil where only the file is known.
  let key: String?
  let text: String
  let hint: String?
}

// MARK: What it looks like

extension RouterLint {
  /// Whether it is to be judged as a router's configuration.
  /// - Parameter isNamed: by the operator, and not found in a folder.
  static func isRouter(_ file: LintFile, isNamed: Bool) -> Bool {
    guard !file.documents.contains(where: { $0["apiVersion"] != nil }) else { return false }
    if file.documents.contains(where: hasShape) { return true }
    let name = file.path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    guard name.hasSuffix(".yaml") || name.hasSuffix(".yml") else { return false }
    if isNamed, name == "router.yaml" || name == "router.yml" { return true }
    // One that can't be read is still to be told from others.
    let lines = file.bytes.split(separator: UInt8(ascii: "\n"))
    return file.documents.isEmpty && lines.contains { $0.starts(with: "listeners:".utf8) }
  }

  private static func hasShape(_ document: YAMLTree) -> Bool {
    guard document["listeners"] == nil || document["clusters"] == nil else { return true }
    return holds("listen", document["listeners"]) || holds("endpoints", document["clusters"])
  }

  private static func holds(_ key: String, _ list: YAMLTree?) -> Bool {
    (list?.items ?? []).contains { $0[key] != nil }
  }
}

// MARK: Findings

extension RouterLint {
  private func finding(_ error: DeclarationError) -> Finding {
    let problem = Problem(
      "router-file", what: error.problem + column(error.place),
      why: "`router run` doesn't start with the file, and a reload changes nothing",
      fix: error.advice ?? "docs/operate/router.md lists all keys and what they hold")
    return Finding(problem, file: error.path.isEmpty ? file.path : error.path, line: error.place?.line)
  }

  private func finding(_ problem: SetupProblem) -> Finding {
    let named = problem.key.flatMap { key in place(ofKey: key) } ?? place(ofFile: problem.text)
    return Finding(
      Problem(
        "unusable-file", what: problem.text + column(named),
        why: "`router run` doesn't start with it, and a reload changes nothing",
        fix: problem.hint ?? "mend the file, or name another"), file: file.path, line: named?.line)
  }

  private func finding(_ bypass: RouteBypass) -> Finding {
    let routes = item(bypass.listener, of: file.documents.first?["listeners"])?["routes"]
    let narrow = item(bypass.route, of: routes)?.place
    var wider = "the listener's to"
    if let number = bypass.wider { wider = "the route at line \(item(number, of: routes)?.place.line ?? 0)" }
    let problem = Problem(
      "route-bypass",
      what: "\(wider) leads past this route's rules: it takes more, goes to the same backend, and has none"
        + column(narrow),
      why: "a path that the backend reads as this one and the router doesn't, such as /Name or /name;x, meets no rule",
      fix: "let no wider route and no to lead there, or give these clients a listener of their own")
    return Finding(problem, .warning, file: file.path, line: narrow?.line)
  }

  private func column(_ place: YAMLTree.Place?) -> String { place.map { " (column \($0.column))" } ?? "" }

  private func item(_ number: Int, of list: YAMLTree?) -> YAMLTree? { list?.items?.dropFirst(number).first }

  /// Where a key stands.
  /// - Parameter key: as the router writes it: `listeners[NAME].identity.cert`.
  private func place(ofKey key: String) -> YAMLTree.Place? {
    guard let open = key.firstIndex(of: "["), let close = key.lastIndex(of: "]") else { return nil }
    let name = String(key[key.index(after: open)..<close])
    let all = file.documents.first?[String(key[..<open])]?.items ?? []
    guard var tree = all.first(where: { $0["name"]?.text == name }) else { return nil }
    for word in key[key.index(after: close)...].split(separator: ".") {
      // What isn't written stands where it would.
      tree = tree[String(word)] ?? tree
    }
    return tree.place
  }

  /// Where the file is named that a text begins with.
  private func place(ofFile text: String) -> YAMLTree.Place? {
    let named = scalars(file.documents.first).filter { text.hasPrefix(path($0.text) + " ") }
    return named.first?.place
  }

  private func scalars(_ tree: YAMLTree?) -> [(text: String, place: YAMLTree.Place)] {
    guard let tree else { return [] }
    if let text = tree.text { return [(text: text, place: tree.place)] }
    return (tree.items ?? []).flatMap { scalars($0) } + (tree.entries ?? []).flatMap { scalars($0.value) }
  }

  /// A path of the file's as the router opens it.
  private func path(_ declared: String) -> String {
    guard !declared.hasPrefix("/"), let slash = file.path.lastIndex(of: "/") else { return declared }
    return String(file.path[...slash]) + declared
  }
}
