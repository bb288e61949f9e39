import Formats

extension ChoreoConnect {
  /// A bundle of PEM certificates with more put at its end: each once, and the public key pair's certificate taken out.
  ///
  /// What is between the certificates stays. Only a file that an editor or `cat` has damaged is written anew.
  struct BundleMerge {
    private(set) var text: String
    private var blocks: [PEM.Block]

    /// - Throws: `.malformed` for a block that can't be read, and for a file with a private key.
    init(_ bytes: [UInt8]) throws(FormatError) {
      let scan = PEM.scan(bytes)
      if let defect = scan.defects.first(where: { $0.kind.isFatal }) {
        throw .malformed(format: "PEM bundle", reason: "line \(defect.line): \(defect.kind.explanation)")
      }
      if let key = scan.blocks.first(where: KeyCoding.isPrivateKey) {
        throw .malformed(format: "PEM bundle", reason: "line \(key.line) holds a private key")
      }
      blocks = scan.blocks.filter(PEM.isCertificate)
      if scan.defects.isEmpty, let whole = String(validating: bytes, as: UTF8.self) {
        text = whole
      } else {
        blocks = blocks.map { PEM.Block(label: "CERTIFICATE", der: $0.der) }
        text = blocks.map(\.text).joined()
      }
    }

    mutating func add(_ certificates: [[UInt8]]) {
      removeSurplus()
      for der in certificates where !blocks.contains(where: { $0.der == der }) {
        let block = PEM.Block(label: "CERTIFICATE", der: der)
        if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
        text += block.text
        blocks.append(block)
      }
    }

    private mutating func removeSurplus() {
      var seen: Set<[UInt8]> = []
      var kept: [PEM.Block] = []
      var rest = text[...]
      var result = ""
      for block in blocks {
        guard let range = rest.firstRange(of: block.text) else { return }
        let isSurplus = !seen.insert(block.der).inserted || ShippedKeystore.isPublic(der: block.der)
        result += rest[..<(isSurplus ? range.lowerBound : range.upperBound)]
        rest = rest[range.upperBound...]
        if isSurplus { rest = rest.hasPrefix("\n") ? rest.dropFirst() : rest } else { kept.append(block) }
      }
      text = result + rest
      blocks = kept
    }
  }
}
