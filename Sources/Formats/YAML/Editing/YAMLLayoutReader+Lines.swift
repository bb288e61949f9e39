// Lines, blanks and comments.
extension YAMLLayoutReader {
  func peek() -> UInt8? { position < bytes.count ? bytes[position] : nil }

  var isAtEnd: Bool { position >= bytes.count }

  /// At the end of the file or before `---` or `...`.
  var isAtDocumentEnd: Bool { isAtEnd || isMarker("...") || isMarker("---") }

  func isMarker(_ marker: String) -> Bool { isMarker(marker, at: position) }

  func isMarker(_ marker: String, at offset: Int) -> Bool {
    isAtLineStart(offset) && bytes[offset...].starts(with: marker.utf8) && isBlankOrEnd(at: offset + 3)
  }

  var isDash: Bool { peek() == UInt8(ascii: "-") && isBlankOrEnd(at: position + 1) }

  var isAtLineEndOrComment: Bool {
    isAtEnd || isLineBreak(at: position)
      || (peek() == UInt8(ascii: "#") && (isAtLineStart(position) || isBlank(bytes[position - 1])))
  }

  func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }

  func isBlankOrEnd(at offset: Int) -> Bool { offset >= bytes.count || isBlank(bytes[offset]) }

  func isLineBreak(at offset: Int) -> Bool { offset < bytes.count && (bytes[offset] == 0x0a || bytes[offset] == 0x0d) }

  func isAtLineStart(_ offset: Int) -> Bool {
    offset == start || (offset > start && offset <= bytes.count && bytes[offset - 1] == 0x0a)
  }

  /// Spaces and tabs of this line.
  mutating func skipBlanks() {
    while let byte = peek(), byte == 0x20 || byte == 0x09 { position += 1 }
  }

  /// Blanks, line breaks and comments.
  mutating func skipToContent() {
    while let byte = peek() {
      if isBlank(byte) {
        position += 1
      } else if byte == UInt8(ascii: "#"), isAtLineEndOrComment {
        position = lineEnd(position)
      } else {
        return
      }
    }
  }

  func lineStart(_ offset: Int) -> Int {
    var index = min(offset, bytes.count)
    while index > start, bytes[index - 1] != 0x0a { index -= 1 }
    return index
  }

  /// Before the line break.
  func lineEnd(_ offset: Int) -> Int {
    var index = offset
    while index < bytes.count, bytes[index] != 0x0a { index += 1 }
    return index > offset && index < bytes.count && bytes[index - 1] == 0x0d ? index - 1 : index
  }

  /// After the line break, or the end of the file.
  func nextLine(_ offset: Int) -> Int {
    var index = offset
    while index < bytes.count, bytes[index] != 0x0a { index += 1 }
    return min(index + 1, bytes.count)
  }

  /// Counted from 0, in bytes: what stands before a key on its line is blanks and dashes.
  func column(of offset: Int) -> Int { offset - lineStart(offset) }

  /// Counted from 1.
  func line(of offset: Int) -> Int {
    1 + bytes.prefix(max(0, min(offset, bytes.count))).count { $0 == 0x0a }
  }

  func spaces(at offset: Int) -> Int {
    var index = offset
    while index < bytes.count, bytes[index] == 0x20 { index += 1 }
    return index - offset
  }
}
