/// Textual encoding of keys and certificates (RFC 7468), read leniently and written strictly.
package enum PEM {
  /// Larger inputs are refused: the biggest real bundles are below a megabyte.
  package static let sizeLimit = 16 << 20

  /// One `-----BEGIN X-----` to `-----END X-----`.
  package struct Block: Hashable, Sendable {
    package var label: String
    package var der: [UInt8]
    /// RFC 1421 headers such as `DEK-Info`, in file order.
    package var headers: [Header]
    /// The line of the BEGIN marker, counted from 1.
    package var line: Int
    /// The block as it stands in the file, markers included.
    package var text: String

    package init(label: String, der: [UInt8], headers: [Header] = [], line: Int = 1, text: String? = nil) {
      self.label = label
      self.der = der
      self.headers = headers
      self.line = line
      self.text = text ?? PEM.encode(label, der)
    }

    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
  }

  package struct Header: Hashable, Sendable {
    package var name: String
    package var value: String
  }

  /// What a file holds and what is wrong with it.
  package struct Scan: Hashable, Sendable {
    package var blocks: [Block] = []
    package var defects: [Defect] = []
  }

  /// Reads every block of a file, and tolerates what people's editors and `cat` do to PEM.
  ///
  /// A byte order mark, UTF-16, CRLF, text around the blocks, fused markers, indentation and a missing final newline
  /// are accepted; ``scan(_:)`` reports them.
  /// - Throws: `.notPEM` without any block; `.malformed` for a block that can't be decoded; `.tooLarge`.
  package static func parse(_ bytes: [UInt8]) throws(FormatError) -> [Block] {
    guard bytes.count <= sizeLimit else { throw .tooLarge(what: "the size in bytes of a PEM file", limit: sizeLimit) }
    let found = scan(bytes)
    if let defect = found.defects.first(where: { $0.kind.isFatal }) {
      throw .malformed(format: "PEM file", reason: "line \(defect.line): \(defect.kind.explanation)")
    }
    guard !found.blocks.isEmpty else { throw .notPEM("a certificate or key") }
    return found.blocks
  }

  /// As ``parse(_:)``, but never fails: what can be read is in `blocks`, the rest in `defects`, by line.
  package static func scan(_ bytes: [UInt8]) -> Scan {
    guard bytes.count <= sizeLimit else { return Scan(defects: [Defect(line: 1, kind: .tooLarge)]) }
    var scanner = PEMScanner(bytes)
    return scanner.scan()
  }

  /// Whether this has at least one BEGIN marker. A file without one may be DER.
  package static func isLikely(_ bytes: [UInt8]) -> Bool {
    PEMScanner.plainText(of: bytes).text[...].holds("-----BEGIN ".utf8)
  }

  /// One block: base64 in 64 columns, LF, final newline (RFC 7468 §2).
  package static func encode(_ label: String, _ der: [UInt8]) -> String {
    let base64 = Array(Base64.encode(der))
    var lines = "-----BEGIN \(label)-----\n"
    for start in stride(from: 0, to: base64.count, by: 64) {
      lines += String(decoding: base64[start..<min(start + 64, base64.count)], as: UTF8.self)
      lines += "\n"
    }
    return lines + "-----END \(label)-----\n"
  }
}
