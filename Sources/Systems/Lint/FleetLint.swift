package import Formats

/// What is wrong with files, by the rules of any file and by those of every system.
package enum FleetLint {
  /// Files of which no fleet file says what they are.
  package static func findings(in context: LintContext) -> [Finding] {
    FileLint.findings(in: context) + fleetSystems.flatMap { findings(of: $0, in: context) }
  }

  private static func findings<System: FleetSystem>(of type: System.Type, in context: LintContext) -> [Finding] {
    System.lint(context, declared: nil)
  }

  /// The files of one system of a fleet.
  package static func findings(in context: LintContext, declared system: some FleetSystem) -> [Finding] {
    FileLint.findings(in: context) + rules(context, system)
  }

  private static func rules<System: FleetSystem>(_ context: LintContext, _ system: System) -> [Finding] {
    System.lint(context, declared: system)
  }

  /// What a schema or a system says against a fleet file.
  package static func finding(_ error: FleetError, in path: String) -> Finding {
    let column = error.place.map { " (column \($0.column))" } ?? ""
    let problem = Problem(
      .fleetFile, what: error.problem + column, why: "`plan` and `apply` refuse the file",
      fix: error.advice ?? "docs/fleet-file.md lists all keys and what they hold")
    return Finding(problem, file: error.path.isEmpty ? path : error.path, line: error.place?.line)
  }

  /// A file that a fleet file names, and that isn't there.
  package static func finding(missing reference: InputReference, in path: String) -> Finding {
    let problem = Problem(
      .missingFile, what: "there is no file \(reference.path) (column \(reference.place.column))",
      why: "`plan` and `apply` need it", fix: "paths are relative to the fleet file")
    return Finding(problem, file: path, line: reference.place.line)
  }

  /// Each finding once, by file and line.
  package static func ordered(_ findings: [Finding]) -> [Finding] {
    struct Key: Hashable {
      var code: String, file: String, line: Int?, what: String
    }
    var seen: Set<Key> = []
    let once = findings.filter { finding in
      seen.insert(Key(code: finding.code, file: finding.file, line: finding.line, what: finding.what)).inserted
    }
    return once.enumerated().sorted { left, right in
      let (a, b) = (left.element, right.element)
      return (a.file, a.line ?? 0, left.offset) < (b.file, b.line ?? 0, right.offset)
    }.map(\.element)
  }
}

extension Fleet {
  /// Whether a document has what only a fleet file has.
  package static func isLikely(_ document: YAMLTree) -> Bool { document["systems"] != nil }

  /// The files that a system and its authority read.
  package func inputs(of member: Member) -> [InputReference] {
    let authority: [InputReference]
    switch (member.system.authority ?? self.authority)?.source {
    case .files(let certificate, let key): authority = [certificate, key]
    case .external(let trust?): authority = [trust]
    default: authority = []
    }
    var seen: Set<String> = []
    return (member.system.inputs + authority).filter { seen.insert($0.path).inserted }
  }

  /// The files that nodes' certificates come from: requests, and what was made elsewhere.
  package static func inputs(of nodes: [Node]) -> [InputReference] {
    nodes.flatMap { node -> [InputReference] in
      switch node.source {
      case .issued, .selfSigned: []
      case .request(let request): [request]
      case .given(let certificate, let key): [certificate] + (key.map { [$0] } ?? [])
      }
    }
  }

  /// How long before their end certificates are a finding, where nobody says: what `apply` would renew.
  package var expiryWarning: Duration { min(.seconds(30 * 86_400), defaults.renewBefore) }
}
