import Formats

/// Kubernetes objects, and YAML with PEM in it.
extension FileReader {
  enum YAMLContent {
    case documents([YAMLTree])
    case broken(YAMLSyntaxError)
  }

  /// What the file holds as YAML; nil when it is to be read as something else.
  func yaml() -> YAMLContent? {
    guard Appearance.isText(file.bytes) else { return nil }
    let isNamedYAML = ["yaml", "yml"].contains(NamePromise.ending(file.name))
    guard isNamedYAML || looksLikeYAML else { return nil }
    do throws(YAMLSyntaxError) {
      let documents = try YAMLTree.documents(file.bytes)
      let isMeant =
        isNamedYAML || !Manifest.objects(in: documents).isEmpty
        || documents.contains { !ValuesFile.findings(in: $0).isEmpty }
      return isMeant ? .documents(documents) : nil
    } catch {
      return isNamedYAML ? .broken(error) : nil
    }
  }

  /// A key whose value is a block or a quoted PEM, or a manifest of a Secret.
  private var looksLikeYAML: Bool {
    let text = String(decoding: file.bytes, as: UTF8.self)
    let endings = [": |", ": |-", ": |+", ": >", ": >-", ": \"-----BEGIN"]
    return text.split(whereSeparator: \.isNewline).contains { line in
      let words = line.split { $0 == " " || $0 == "\"" || $0 == "'" || $0 == "," || $0 == "-" || $0 == "{" }
      let isSecret = words == ["kind:", "Secret"] || words == ["kind", ":", "Secret"]
      return isSecret || endings.contains { line.hasSuffix($0) } || line.contains(": \"-----BEGIN ")
    }
  }

  mutating func read(_ content: YAMLContent) {
    switch content {
    case .documents(let documents): read(documents)
    case .broken(let error): readBroken(error)
    }
  }

  private mutating func readBroken(_ error: YAMLSyntaxError) {
    let blocks = PEM.scan(file.bytes).blocks
    add(
      blocks.enumerated().flatMap { index, block in
        items(block, at: Location(file: file.name, block: index + 1, line: block.line), form: "PEM in YAML")
      })
    let place = error.place.map { "line \($0.line), column \($0.column): " } ?? ""
    guard let misplaced = ValuesFile.misplacedPEM(in: file.bytes) else {
      return report(
        .invalidYAML, at: Location(file: file.name, line: error.place?.line),
        "it is not YAML: \(place)\(error.problem)",
        why: "nothing that reads YAML takes this file", fix: "mend that line, or one a little above it")
    }
    report(
      .misplacedPEM, at: Location(file: file.name, line: misplaced.wrongLine),
      "\(misplaced.explanation), so it is not YAML: \(place)\(error.problem)",
      why: "nothing that reads YAML takes this file",
      fix: "put `|` behind the key, and indent every line of the PEM alike and deeper than the key")
  }

  private mutating func read(_ documents: [YAMLTree]) {
    let objects = Manifest.objects(in: documents)
    for object in objects where object.kind == .secret { read(object) }
    // What stands in a Secret was read as such.
    let secrets = Set(objects.filter { $0.kind == .secret }.flatMap(\.entries).map(\.place))
    let found = documents.map { document in
      ValuesFile.findings(in: document).filter { !secrets.contains($0.place) }
    }
    guard found.contains(where: { !$0.isEmpty }) else {
      if objects.isEmpty { reportNoPEM() }
      return
    }
    add([InspectionReport.Item(location: here, content: .other("YAML with PEM in it"), form: "YAML")])
    for findings in found { readValues(findings) }
  }

  private mutating func reportNoPEM() {
    report(
      .notPEM, "there is no certificate and no key in this YAML",
      why: "a Secret or a values file with PEM was expected", fix: "check the file's name")
  }

  // MARK: - Values files

  /// Values under one table belong together: `keyPair.cert` and `keyPair.key`.
  private mutating func readValues(_ found: [ValuesFile.Finding]) {
    var tables: [String] = []
    var items: [String: [InspectionReport.Item]] = [:]
    var lines: [String: Int] = [:]
    for finding in found {
      let table = Self.table(of: finding.path)
      if items[table] == nil {
        tables.append(table)
        lines[table] = finding.line
      }
      items[table, default: []] += self.items(of: finding)
    }
    for table in tables {
      add(
        items[table] ?? [], kind: .values, at: Location(file: file.name, line: lines[table], path: table), name: table)
    }
  }

  private mutating func items(of finding: ValuesFile.Finding) -> [InspectionReport.Item] {
    // A block scalar with a chomping indicator ends without newline on purpose.
    for defect in finding.defects where defect.kind != .missingFinalNewline {
      let location = Location(file: file.name, line: defect.line, path: finding.path)
      findings.append(PEMDefects.finding(defect, in: file.name, .values, at: location))
    }
    return finding.blocks.enumerated().flatMap { index, block in
      let location = Location(file: file.name, block: index + 1, line: finding.line(of: block), path: finding.path)
      return items(block, at: location, form: finding.isBase64 ? "base64 in YAML" : "PEM in YAML")
    }
  }

  /// The path without its last step.
  private static func table(of path: String) -> String {
    if path.hasSuffix("\"]"), let start = path.lastIndex(of: "[") { return String(path[..<start]) }
    return path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
  }
}
