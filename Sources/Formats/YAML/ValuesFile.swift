/// Keys and certificates written into a YAML file, such as the values of a Helm chart.
package enum ValuesFile {
  /// A scalar that holds PEM, or tries to.
  package struct Finding: Hashable, Sendable {
    /// Such as `protocolMapperAgents[0].mTLS.keyPair.cert`.
    package var path: String
    /// Where the value starts.
    package var place: YAMLTree.Place
    /// The value as a reader of the YAML gets it; decoded, if it was base64 of PEM.
    package var text: String
    /// Whether the value was base64 of PEM, as in a Secret or a `caBundle`.
    package var isBase64: Bool
    package var blocks: [PEM.Block]
    /// What is wrong with the PEM, by line of the file.
    package var defects: [PEM.Defect]

    /// Counted from 1.
    package var line: Int { place.line }

    /// The line of the file in which a block begins.
    package func line(of block: PEM.Block) -> Int { linesAreKept ? line + block.line : line }

    /// Whether the value's lines are lines of the file, the first below its key.
    var linesAreKept: Bool
  }

  /// Every scalar of the file with PEM in it, in file order.
  /// - Throws: `.malformed` when the YAML doesn't parse, and if that is due to PEM that left its indentation, says so.
  package static func findings(in bytes: [UInt8]) throws(FormatError) -> [Finding] {
    do {
      return try YAMLTree.documents(bytes).flatMap { findings(in: $0) }
    } catch {
      let line = error.place.map { "line \($0.line): " } ?? ""
      let cause = misplacedPEM(in: bytes).map { "; \($0.explanation)" } ?? ""
      throw .malformed(format: "YAML file", reason: line + error.problem + cause)
    }
  }

  /// Every scalar of a document with PEM in it; what an alias repeats, once.
  package static func findings(in document: YAMLTree) -> [Finding] {
    var walk = Walk()
    walk.visit(document, path: "")
    return walk.findings
  }

  private struct Walk {
    var findings: [Finding] = []
    private var places: Set<YAMLTree.Place> = []

    mutating func visit(_ tree: YAMLTree, path: String) {
      switch tree.content {
      case .mapping(let entries):
        for entry in entries { visit(entry.value, path: path + Self.step(entry.key, isFirst: path.isEmpty)) }
      case .list(let items):
        for (index, item) in items.enumerated() { visit(item, path: "\(path)[\(index)]") }
      case .scalar(let text):
        guard places.insert(tree.place).inserted else { return }
        if let finding = ValuesFile.finding(text, tree, path: path) { findings.append(finding) }
      }
    }

    private static func step(_ name: String, isFirst: Bool) -> String {
      let isPlain = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
      if !isPlain { return "[\"\(name)\"]" }
      return isFirst ? name : ".\(name)"
    }
  }

  private static let marks = ["BEGIN CERTIFICATE", "PRIVATE KEY-", "-----BEGIN ", "-----END "].map { Array($0.utf8) }

  private static func finding(_ scalar: String, _ tree: YAMLTree, path: String) -> Finding? {
    var bytes = Array(scalar.utf8)
    var isBase64 = false
    // Base64 of five dashes and BEGIN.
    if scalar.hasPrefix("LS0tLS1CRUdJTi"), let decoded = try? Base64.decode(bytes[...]) {
      bytes = decoded
      isBase64 = true
    }
    guard marks.contains(where: { bytes[...].holds($0) }) else { return nil }
    let scan = PEM.scan(bytes)
    guard !scan.blocks.isEmpty || !scan.defects.isEmpty else { return nil }
    var finding = Finding(
      path: path, place: tree.place, text: String(decoding: bytes, as: UTF8.self), isBase64: isBase64,
      blocks: scan.blocks, defects: [], linesAreKept: tree.style == .block && !isBase64)
    finding.defects = scan.defects.map { defect in
      PEM.Defect(line: finding.linesAreKept ? finding.line + defect.line : finding.line, kind: defect.kind)
    }
    return finding
  }
}

// MARK: - PEM at the wrong indentation

extension ValuesFile {
  /// A PEM block that breaks the YAML around it.
  package struct MisplacedPEM: Hashable, Sendable {
    package enum Defect: Hashable, Sendable {
      /// Some of its lines stand left of where they must, or not right of their key.
      case notDeeperThanKey
      case changesIndentation
    }

    package var defect: Defect
    /// Of its BEGIN marker.
    package var line: Int
    /// The first line that stands wrong.
    package var wrongLine: Int

    package var explanation: String {
      switch defect {
      case .notDeeperThanKey: "the PEM block at line \(line) is not indented deeper than its key (line \(wrongLine))"
      case .changesIndentation: "the PEM block at line \(line) changes its indentation at line \(wrongLine)"
      }
    }
  }

  /// YAML that fails to parse has, more often than not, a PEM block pasted at the wrong indentation.
  package static func misplacedPEM(in bytes: [UInt8]) -> MisplacedPEM? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }
    var parent: Substring?
    for (index, line) in lines.enumerated() {
      defer { if !line.allSatisfy(\.isWhitespace) { parent = line } }
      guard let parent, line.contains("-----BEGIN ") else { continue }
      let needed = indentation(parent)
      let block = lines[index...].prefix { !$0.contains("-----END ") }
      if line.drop(while: { $0 == " " }).hasPrefix("-----"),
        let offset = block.firstIndex(where: { indentation($0) <= needed && !$0.isEmpty })
      {
        return MisplacedPEM(defect: .notDeeperThanKey, line: index + 1, wrongLine: offset + 1)
      }
      if let offset = block.firstIndex(where: { indentation($0) < indentation(line) && !$0.isEmpty }) {
        return MisplacedPEM(defect: .changesIndentation, line: index + 1, wrongLine: offset + 1)
      }
    }
    return nil
  }
}
