import Yams

/// Keys and certificates written into a YAML file, such as the values of a Helm chart.
package enum ValuesFile {
  /// A scalar that holds PEM, or tries to.
  package struct Finding: Hashable, Sendable {
    /// Such as `protocolMapperAgents[0].mTLS.keyPair.cert`.
    package var path: String
    /// Where the value starts, counted from 1.
    package var line: Int
    /// The value as a reader of the YAML gets it; decoded, if it was base64 of PEM.
    package var text: String
    /// Whether the value was base64 of PEM, as in a Secret or a `caBundle`.
    package var isBase64: Bool
    package var blocks: [PEM.Block]
    /// What is wrong with the PEM, by line of the file.
    package var defects: [PEM.Defect]
  }

  private static let nodeLimit = 200_000

  /// Every scalar of the file with PEM in it, in file order.
  /// - Throws: `.malformed` when the YAML doesn't parse, and if that is due to PEM that left its indentation, says so;
  ///   `.tooLarge`.
  package static func findings(in bytes: [UInt8]) throws(FormatError) -> [Finding] {
    var walk = Walk()
    let documents: [Node]
    do {
      documents = try YAMLText.documents(bytes)
    } catch .malformed(let format, let reason) {
      throw .malformed(format: format, reason: reason + (misplacedPEM(in: bytes).map { "; \($0)" } ?? ""))
    }
    for document in documents { try walk.visit(document, path: "") }
    return walk.findings
  }

  /// YAML that fails to parse has, more often than not, a PEM block pasted at the wrong indentation.
  private static func misplacedPEM(in bytes: [UInt8]) -> String? {
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    func indentation(_ line: Substring) -> Int { line.prefix { $0 == " " }.count }
    for (index, line) in lines.enumerated() where index > 0 && line.contains("-----BEGIN ") {
      guard let parent = lines[..<index].last(where: { !$0.allSatisfy(\.isWhitespace) }) else { continue }
      let needed = indentation(parent)
      let block = lines[index...].prefix { !$0.contains("-----END ") }
      if line.firstIndex(where: { $0 != " " }).map({ line[$0...].hasPrefix("-----") }) == true,
        let offset = block.firstIndex(where: { indentation($0) <= needed && !$0.isEmpty })
      {
        return "the PEM block at line \(index + 1) is not indented deeper than its key (line \(offset + 1))"
      }
      if let offset = block.firstIndex(where: { indentation($0) < indentation(line) && !$0.isEmpty }) {
        return "the PEM block at line \(index + 1) changes its indentation at line \(offset + 1)"
      }
    }
    return nil
  }

  private struct Walk {
    var findings: [Finding] = []
    private var visited = 0

    mutating func visit(_ node: Node, path: String) throws(FormatError) {
      // Aliases can make a small file grow without bound.
      visited += 1
      guard visited <= ValuesFile.nodeLimit else {
        throw .tooLarge(what: "the number of values of a YAML file", limit: ValuesFile.nodeLimit)
      }
      if let mapping = node.mapping {
        for (key, value) in mapping { try visit(value, path: path + Self.step(key, isFirst: path.isEmpty)) }
      } else if let sequence = node.sequence {
        for (index, value) in sequence.enumerated() { try visit(value, path: "\(path)[\(index)]") }
      } else if let scalar = node.scalar {
        examine(scalar, path: path)
      }
    }

    private static func step(_ key: Node, isFirst: Bool) -> String {
      let name = key.scalar?.string ?? "?"
      let isPlain = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
      if !isPlain { return "[\"\(name)\"]" }
      return isFirst ? name : ".\(name)"
    }

    private mutating func examine(_ scalar: Node.Scalar, path: String) {
      let start = scalar.mark?.line ?? 1
      var text = scalar.string
      var isBase64 = false
      // Base64 of five dashes and BEGIN.
      if text.hasPrefix("LS0tLS1CRUdJTi"), let decoded = try? Base64.decode(Array(text.utf8)[...]) {
        text = String(decoding: decoded, as: UTF8.self)
        isBase64 = true
      }
      guard text.contains("BEGIN CERTIFICATE") || text.contains("PRIVATE KEY-") || text.contains("-----BEGIN ") else {
        return
      }
      let scan = PEM.scan(Array(text.utf8))
      guard !scan.blocks.isEmpty || !scan.defects.isEmpty else { return }
      let isBlock = scalar.style == .literal && !isBase64
      findings.append(
        Finding(
          path: path, line: start, text: text, isBase64: isBase64, blocks: scan.blocks,
          defects: scan.defects.map { PEM.Defect(line: isBlock ? start + $0.line : start, kind: $0.kind) }))
    }
  }
}
