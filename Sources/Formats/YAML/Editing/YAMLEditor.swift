/// Changes values of a YAML file and leaves every other byte as it is: comments, order, quotes, indentation.
///
/// After each change, the new text is read again and compared with the old: where anything but the change differs,
/// the change is refused and the text stays what it was. So a layout that we don't know gives an error and never a
/// wrong file.
package struct YAMLEditor: Sendable {
  package private(set) var text: String

  /// - Parameter bytes: one document; nothing at all is an empty mapping.
  /// - Throws: `.malformed`, `.tooLarge`; `.uneditable` for several documents and repeated keys.
  package init(_ bytes: [UInt8]) throws(FormatError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(format: "YAML file", reason: "it is not UTF-8")
    }
    self.text = text
    try Self.checkLineBreaks(bytes)
    _ = try YAMLMeaning.document(bytes)
  }

  /// Sets one value; a value that the file has already changes no byte. A mapping replaces a mapping: keys that the
  /// new one lacks are removed.
  /// - Throws: `.uneditable` where the path meets a value of another sort, an alias, a merge key, or an anchor that is
  ///   used elsewhere; the text is then unchanged.
  package mutating func set(_ value: YAMLValue, at path: [YAMLStep]) throws(FormatError) {
    try apply([YAMLEdit(path: path, change: .set(value))])
  }

  /// Sets many values and removes others, reading the file as often as it takes for one.
  /// - Parameter removals: what is to go, none of it within what is set.
  /// - Throws: as ``set(_:at:)``; then nothing is changed.
  package mutating func set(
    _ assignments: [YAMLAssignment], removing removals: [[YAMLStep]] = []
  ) throws(FormatError) {
    var copy = self
    var removed = removals.filter { !$0.isEmpty }.map { YAMLEdit(path: $0, change: .remove) }
    for batch in Self.batches(assignments) {
      try copy.apply(batch.map { YAMLEdit(path: $0.path, change: .set($0.value)) } + removed)
      removed = []
    }
    if !removed.isEmpty { try copy.apply(removed) }
    self = copy
  }

  /// Removes a key with its value, or an element of a list. Where it is absent, nothing happens.
  /// - Throws: as ``set(_:at:)``.
  package mutating func remove(at path: [YAMLStep]) throws(FormatError) {
    guard !path.isEmpty else {
      throw .uneditable(line: 1, reason: "the whole document can't be removed", hint: "name a key")
    }
    try apply([YAMLEdit(path: path, change: .remove)])
  }

  private mutating func apply(_ edits: [YAMLEdit]) throws(FormatError) {
    let bytes = Array(text.utf8)
    let meaning = try YAMLMeaning.document(bytes)
    let wanted = meaning.pending(edits)
    guard !wanted.isEmpty else { return }
    let splices = try YAMLSplicer.splices(for: wanted, meaning: meaning, bytes: bytes)
    let outcome = Splice.apply(splices, to: bytes)
    // A literal scalar at the very end needs the line break that other values can do without.
    for candidate in [outcome, outcome + Array("\n".utf8)] {
      guard let new = try? YAMLMeaning.document(candidate), new.isOutcome(of: wanted, on: meaning) else { continue }
      text = String(decoding: candidate, as: UTF8.self)
      return
    }
    throw .uneditable(
      line: splices.map { YAMLLayoutReader(bytes).line(of: $0.range.lowerBound) }.min() ?? 1,
      reason: "this place can't be changed without changing something else",
      hint: "write it in the usual way, one key a line, or change it by hand")
  }

  /// The editor counts lines by LF and CRLF; YAML 1.1 knows more line breaks.
  private static func checkLineBreaks(_ bytes: [UInt8]) throws(FormatError) {
    var line = 1
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case 0x0a: line += 1
      case 0x0d where index + 1 >= bytes.count || bytes[index + 1] != 0x0a,
        0x85 where index > 0 && bytes[index - 1] == 0xc2,
        0xa8 where index > 1 && bytes[index - 1] == 0x80 && bytes[index - 2] == 0xe2,
        0xa9 where index > 1 && bytes[index - 1] == 0x80 && bytes[index - 2] == 0xe2:
        throw .uneditable(
          line: line, reason: "there is a line break other than LF and CRLF",
          hint: "convert the line breaks of the file")
      default: break
      }
    }
  }

  /// Assignments of which none lies within another can be done at once.
  private static func batches(_ assignments: [YAMLAssignment]) -> [[YAMLAssignment]] {
    var paths: Set<[YAMLStep]> = []
    var prefixes: Set<[YAMLStep]> = []
    for assignment in assignments {
      let isNew = paths.insert(assignment.path).inserted
      for count in 0..<assignment.path.count { prefixes.insert(Array(assignment.path.prefix(count))) }
      if !isNew { return assignments.map { [$0] } }
    }
    return paths.isDisjoint(with: prefixes) ? [assignments] : assignments.map { [$0] }
  }
}
