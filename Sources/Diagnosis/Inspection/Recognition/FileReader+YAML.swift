import Formats

/// Kubernetes Secrets, and YAML with PEM in it.
extension FileReader {
  enum YAMLContent {
    case secrets([KubernetesSecret], found: [ValuesFile.Finding])
    case values([ValuesFile.Finding])
    case broken(FormatError)
  }

  /// What the file holds as YAML; nil when it is to be read as something else.
  func yaml() -> YAMLContent? {
    guard Appearance.isText(file.bytes) else { return nil }
    let isNamedYAML = ["yaml", "yml"].contains(NamePromise.ending(file.name))
    guard isNamedYAML || looksLikeYAML else { return nil }
    do throws(FormatError) {
      let found = try ValuesFile.findings(in: file.bytes)
      if hasSecret { return .secrets(try KubernetesSecret.decode(file.bytes), found: found) }
      return isNamedYAML || !found.isEmpty ? .values(found) : nil
    } catch {
      return isNamedYAML ? .broken(error) : nil
    }
  }

  private var text: String { String(decoding: file.bytes, as: UTF8.self) }

  private var hasSecret: Bool {
    text.split(whereSeparator: \.isNewline).contains { line in
      let words = line.split { $0 == " " || $0 == "\"" || $0 == "'" || $0 == "," || $0 == "-" || $0 == "{" }
      return words == ["kind:", "Secret"] || words == ["kind", ":", "Secret"]
    }
  }

  /// A key whose value is a block or a quoted PEM, or a manifest of a Secret.
  private var looksLikeYAML: Bool {
    let endings = [": |", ": |-", ": |+", ": >", ": >-", ": \"-----BEGIN"]
    return hasSecret
      || text.split(whereSeparator: \.isNewline).contains { line in
        endings.contains { line.hasSuffix($0) } || line.contains(": \"-----BEGIN ")
      }
  }

  mutating func read(_ content: YAMLContent) {
    switch content {
    case .secrets(let secrets, let found):
      for secret in secrets { read(secret, found: found) }
    case .values(let found): readValues(found)
    case .broken(let error):
      let blocks = PEM.scan(file.bytes).blocks
      add(
        blocks.enumerated().flatMap { index, block in
          items(block, at: Location(file: file.name, block: index + 1, line: block.line), form: "PEM in YAML")
        })
      report(
        .malformed, error.message, why: "nothing that reads YAML takes this file",
        fix: "indent every line of a PEM block deeper than its key, behind `|`")
    }
  }

  // MARK: - Values files

  /// Values under one table belong together: `keyPair.cert` and `keyPair.key`.
  private mutating func readValues(_ found: [ValuesFile.Finding]) {
    guard !found.isEmpty else {
      return report(
        .notPEM, "there is no certificate and no key in this YAML",
        why: "a Secret or a values file with PEM was expected",
        fix: "check the file's name")
    }
    add([InspectionReport.Item(location: here, content: .other("YAML with PEM in it"), form: "YAML")])
    var tables: [String] = []
    var items: [String: [InspectionReport.Item]] = [:]
    for finding in found {
      let table = Self.table(of: finding.path)
      if items[table] == nil { tables.append(table) }
      items[table, default: []] += self.items(of: finding)
    }
    for table in tables {
      add(items[table] ?? [], kind: .values, at: Location(file: file.name, path: table), name: table)
    }
  }

  private mutating func items(of finding: ValuesFile.Finding) -> [InspectionReport.Item] {
    // A block scalar with a chomping indicator ends without newline on purpose.
    for defect in finding.defects where defect.kind != .missingFinalNewline {
      let location = Location(file: file.name, line: defect.line, path: finding.path)
      findings.append(PEMDefects.finding(defect, in: file.name, at: location))
    }
    return finding.blocks.enumerated().flatMap { index, block in
      let line = finding.isBase64 ? finding.line : finding.line + block.line
      let location = Location(file: file.name, block: index + 1, line: line, path: finding.path)
      return items(block, at: location, form: finding.isBase64 ? "base64 in YAML" : "PEM in YAML")
    }
  }

  /// The path without its last step.
  private static func table(of path: String) -> String {
    if path.hasSuffix("\"]"), let start = path.lastIndex(of: "[") { return String(path[..<start]) }
    return path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
  }

  // MARK: - Secrets

  private mutating func read(_ secret: KubernetesSecret, found: [ValuesFile.Finding]) {
    let location = Location(file: file.name, path: "Secret \(secret.name)")
    let facts = SecretFacts(
      name: secret.name, namespace: secret.namespace, type: secret.type.rawValue, keys: secret.data.map(\.key))
    var items = [InspectionReport.Item(location: location, content: .secret(facts), form: "YAML")]
    for entry in secret.data { items += self.items(of: entry, found: found) }
    add(items, kind: .secret, at: location)
    guard secret.type == .tls else { return }
    for key in ["tls.crt", "tls.key"] where secret[key]?.isEmpty != false {
      report(
        .secretIncomplete, at: location, "a Secret of type kubernetes.io/tls without \(key)",
        why: "the API server refuses it, and what mounts it finds no \(key == "tls.crt" ? "certificate" : "key")",
        fix: "kubectl create secret tls \(secret.name.printable) --cert=FILE --key=FILE")
    }
  }

  private mutating func items(
    of entry: KubernetesSecret.Item, found: [ValuesFile.Finding]
  ) -> [InspectionReport.Item] {
    let path = "data.\(entry.key)"
    let line = found.first { $0.path == "data[\"\(entry.key)\"]" || $0.path == "data.\(entry.key)" }?.line
    let location = Location(file: file.name, line: line, path: path)
    if entry.value.first == 0x30, let kind = DERKind.of(entry.value) { return derItems(entry, kind, at: location) }
    let scan = PEM.scan(entry.value)
    for defect in scan.defects {
      guard !scan.blocks.isEmpty || PEMDefects.isAboutMarkers(defect) else { continue }
      findings.append(PEMDefects.finding(defect, in: file.name, at: location))
    }
    let promisesPEM = ["crt", "pem", "key"].contains(NamePromise.ending(entry.key))
    if scan.blocks.isEmpty, scan.defects.allSatisfy({ !PEMDefects.isAboutMarkers($0) }), promisesPEM,
      !entry.value.isEmpty
    {
      let appearance = Appearance.describe(entry.value).map { ": it looks like \($0)" } ?? ""
      report(
        .notPEM, at: location, "\(entry.key.printable) holds no PEM\(appearance)",
        why: "what mounts the Secret expects PEM there; a value that was encoded twice is a common cause",
        fix: "kubectl create secret encodes by itself: give it the file as it is")
    }
    return scan.blocks.enumerated().flatMap { index, block in
      let place = Location(file: file.name, block: index + 1, line: line, path: path)
      return items(block, at: place, form: "PEM in Secret")
    }
  }

  private mutating func derItems(
    _ entry: KubernetesSecret.Item, _ kind: DERKind, at location: Location
  ) -> [InspectionReport.Item] {
    if ["crt", "pem", "key"].contains(NamePromise.ending(entry.key)) {
      report(
        .derWherePEMExpected, at: location, "\(entry.key.printable) holds DER",
        why: "what mounts the Secret expects PEM there",
        fix: "make the Secret again from PEM files")
    }
    return [item(entry.value, as: kind, at: location, form: "DER in Secret")].compactMap(\.self)
  }
}
