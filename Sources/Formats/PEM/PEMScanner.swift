/// Finds the blocks of a PEM file and what is wrong with them.
///
/// It looks for markers anywhere, not for lines, because fused, escaped and re-wrapped PEM has the markers intact but
/// not the lines.
struct PEMScanner {
  private let text: [UInt8]
  private var result = PEM.Scan()
  private var lineStarts: [Int] = [0]
  private var reported: Set<PEM.Defect> = []

  init(_ bytes: [UInt8]) {
    let plain = Self.plainText(of: bytes)
    text = plain.text
    if let mark = plain.defect { result.defects.append(.init(line: 1, kind: mark)) }
    for (index, byte) in text.enumerated() where byte == UInt8(ascii: "\n") { lineStarts.append(index + 1) }
  }

  /// The text without byte order mark, in UTF-8.
  static func plainText(of bytes: [UInt8]) -> (text: [UInt8], defect: PEM.Defect.Kind?) {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { return (Array(bytes.dropFirst(3)), .byteOrderMark) }
    let bigEndian = bytes.starts(with: [0xfe, 0xff])
    guard bigEndian || bytes.starts(with: [0xff, 0xfe]) else { return (bytes, nil) }
    let (high, low) = bigEndian ? (0, 1) : (1, 0)
    var units: [UInt16] = []
    for index in stride(from: 2, to: bytes.count - 1, by: 2) {
      units.append(UInt16(bytes[index + high]) << 8 | UInt16(bytes[index + low]))
    }
    return (Array(String(decoding: units, as: UTF16.self).utf8), .utf16)
  }

  mutating func scan() -> PEM.Scan {
    var position = 0
    while let marker = nextMarker(from: position) {
      switch marker.kind {
      case .end:
        report(.strayEnd, at: marker.range.lowerBound)
        position = marker.range.upperBound
      case .begin:
        position = block(startingWith: marker)
      }
    }
    reportTextDefects()
    result.defects.sort { $0.line < $1.line }
    return result
  }

  // MARK: - Blocks

  /// Reads one block and returns where to go on.
  private mutating func block(startingWith begin: Marker) -> Int {
    guard let end = nextMarker(from: begin.range.upperBound), end.kind == .end else {
      report(.unterminated, at: begin.range.lowerBound)
      return begin.range.upperBound
    }
    guard begin.label == end.label else {
      report(.mismatchedEnd, at: end.range.lowerBound)
      return end.range.upperBound
    }
    reportLayout(begin: begin, end: end)
    let span = begin.range.upperBound..<end.range.lowerBound
    let (headers, body) = splitHeaders(unescaped(span))
    do {
      result.blocks.append(
        PEM.Block(
          label: begin.label, der: try Base64.decode(body), headers: headers, line: line(of: begin.range.lowerBound),
          text: String(decoding: text[begin.range.lowerBound..<end.range.upperBound], as: UTF8.self) + "\n"))
    } catch {
      report(.badBase64, at: max(span.lowerBound, min(error.position, span.upperBound - 1)))
    }
    return end.range.upperBound
  }

  /// The text of a block; the two characters `\n` become white space, at the same positions.
  private mutating func unescaped(_ span: Range<Int>) -> ArraySlice<UInt8> {
    var body = text[span]
    for index in span.dropLast() where body[index] == UInt8(ascii: "\\") {
      let next = body[index + 1]
      guard next == UInt8(ascii: "n") || next == UInt8(ascii: "r") else { continue }
      report(.escapedNewlines, at: index)
      body[index] = UInt8(ascii: " ")
      body[index + 1] = UInt8(ascii: "\n")
    }
    return body
  }

  /// RFC 1421 §4.4: `Name: value` lines, then an empty line. No base64 line has a colon.
  private func splitHeaders(_ body: ArraySlice<UInt8>) -> ([PEM.Header], ArraySlice<UInt8>) {
    guard body.contains(UInt8(ascii: ":")) else { return ([], body) }
    var headers: [PEM.Header] = []
    var rest = body
    while let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let line = String(decoding: rest[..<lineEnd], as: UTF8.self)
      if let colon = line.firstIndex(of: ":") {
        headers.append(
          PEM.Header(
            name: String(line[..<colon]).trimmed, value: String(line[line.index(after: colon)...]).trimmed))
      } else if !headers.isEmpty, line.first == " " || line.first == "\t" {
        headers[headers.count - 1].value += line.trimmed
      } else if !line.trimmed.isEmpty {
        break
      }
      rest = rest[(lineEnd + 1)...]
    }
    return (headers, rest)
  }

  // MARK: - Markers

  private struct Marker {
    enum Kind { case begin, end }
    var kind: Kind
    var label: String
    var range: Range<Int>
  }

  private static let labelLimit = 64

  /// The next `-----BEGIN X-----` or `-----END X-----` at or after a position.
  private func nextMarker(from start: Int, to limit: Int? = nil) -> Marker? {
    let limit = limit ?? text.count
    var position = start
    while let opening = firstDashes(from: position, to: limit) {
      for (kind, word) in [(Marker.Kind.begin, "BEGIN "), (.end, "END ")] {
        let labelStart = opening + 5 + word.utf8.count
        guard labelStart < limit, text[(opening + 5)..<labelStart].elementsEqual(word.utf8) else { continue }
        let labelLimit = min(limit, labelStart + Self.labelLimit + 5)
        guard let closing = firstDashes(from: labelStart, to: labelLimit) else { continue }
        let label = text[labelStart..<closing]
        guard !label.contains(UInt8(ascii: "\n")) else { continue }
        return Marker(kind: kind, label: String(decoding: label, as: UTF8.self), range: opening..<(closing + 5))
      }
      position = opening + 1
    }
    return nil
  }

  private func firstDashes(from start: Int, to limit: Int) -> Int? {
    guard start < limit else { return nil }
    var run = 0
    for index in start..<limit {
      run = text[index] == UInt8(ascii: "-") ? run + 1 : 0
      if run == 5 { return index - 4 }
    }
    return nil
  }

  // MARK: - Defects

  private func line(of position: Int) -> Int {
    var low = 0
    var high = lineStarts.count
    while low < high {
      let middle = (low + high) / 2
      if lineStarts[middle] <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Once per kind and line; kinds that spoil a whole file only once.
  private mutating func report(_ kind: PEM.Defect.Kind, at position: Int) {
    let defect = PEM.Defect(line: line(of: position), kind: kind)
    let once: Set<PEM.Defect.Kind> = [.crlf, .indentation, .trailingWhitespace, .escapedNewlines]
    guard reported.insert(once.contains(kind) ? PEM.Defect(line: 0, kind: kind) : defect).inserted else { return }
    result.defects.append(defect)
  }

  private mutating func reportLayout(begin: Marker, end: Marker) {
    for marker in [begin, end] {
      let lineStart = lineStarts[line(of: marker.range.lowerBound) - 1]
      let before = text[lineStart..<marker.range.lowerBound]
      if before.contains(where: { !$0.isBlank }) {
        report(.fusedLines, at: marker.range.lowerBound)
      } else if !before.isEmpty {
        report(.indentation, at: marker.range.lowerBound)
      }
      let after = text[marker.range.upperBound...].prefix { $0 != UInt8(ascii: "\n") }
      if after.contains(where: { !$0.isBlank }) { report(.fusedLines, at: marker.range.lowerBound) }
    }
    // A continued RFC 1421 header is meant to be indented.
    let hasHeaders = text[begin.range.upperBound..<end.range.lowerBound].contains(UInt8(ascii: ":"))
    var previous = UInt8(ascii: "\n")
    for index in begin.range.lowerBound..<end.range.upperBound {
      let byte = text[index]
      switch (previous, byte) {
      case (UInt8(ascii: "\n"), UInt8(ascii: " ")), (UInt8(ascii: "\n"), UInt8(ascii: "\t")):
        if !hasHeaders { report(.indentation, at: index) }
      case (UInt8(ascii: " "), UInt8(ascii: "\n")), (UInt8(ascii: "\t"), UInt8(ascii: "\n")),
        (UInt8(ascii: " "), UInt8(ascii: "\r")), (UInt8(ascii: "\t"), UInt8(ascii: "\r")):
        report(.trailingWhitespace, at: index - 1)
      case (UInt8(ascii: "\r"), UInt8(ascii: "\n")):
        report(.crlf, at: index - 1)
      default: break
      }
      previous = byte
    }
  }

  private mutating func reportTextDefects() {
    if !result.blocks.isEmpty, let last = text.last, last != UInt8(ascii: "\n") {
      report(.missingFinalNewline, at: text.count - 1)
    }
    let known = ["BEGIN CERTIFICATE", "END CERTIFICATE", "PRIVATE KEY"].map { Array($0.utf8) }
    for (number, start) in lineStarts.enumerated() {
      let end = number + 1 < lineStarts.count ? lineStarts[number + 1] : text.count
      let line = text[start..<end]
      guard line.count < 128, known.contains(where: { line.holds($0) }) else { continue }
      let looksLikeMarker = [line.first { !$0.isBlank }, line.last { !$0.isBlank }].contains { byte in
        byte.map { $0 == UInt8(ascii: "-") || $0 > 127 } ?? false
      }
      if looksLikeMarker, nextMarker(from: start, to: end) == nil { report(.damagedMarker, at: start) }
    }
  }
}

extension ArraySlice<UInt8> {
  /// Whether these bytes stand somewhere in it. The standard library's search costs a microsecond a byte.
  func holds(_ pattern: some Collection<UInt8>) -> Bool {
    guard let first = pattern.first else { return true }
    var rest = self
    while let hit = rest.firstIndex(of: first) {
      rest = rest[hit...]
      if rest.starts(with: pattern) { return true }
      rest = rest.dropFirst()
    }
    return false
  }
}

extension UInt8 {
  /// A space, a tab or a line end.
  var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0d || self == 0x0a }
}

extension String {
  var trimmed: String {
    var view = Substring(self)
    while view.first?.isWhitespace == true { view.removeFirst() }
    while view.last?.isWhitespace == true { view.removeLast() }
    return String(view)
  }
}
