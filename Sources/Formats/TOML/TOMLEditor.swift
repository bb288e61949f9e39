/// Changes values of a TOML file and leaves every other byte as it is.
///
/// After each change, the new text is read again and compared with the old: where anything but the change differs,
/// the change is refused and the text stays what it was.
package struct TOMLEditor: Sendable {
  package private(set) var text: String

  /// - Throws: `.malformed` with the line, also for what is defined twice; `.tooLarge`.
  package init(_ bytes: [UInt8]) throws(FormatError) {
    _ = try TOMLReader.read(bytes).definitions { TOMLReader.line(of: $0, in: bytes) }
    text = String(decoding: bytes, as: UTF8.self)
  }

  /// - Parameter table: its dotted name, such as `router.upstream.tls`; nothing for the root. No part may hold a dot.
  /// - Throws: as ``set(_:table:key:)``.
  package mutating func set(_ value: TOMLValue, table: String, key: String) throws(FormatError) {
    try set(value, table: table.split(separator: ".").map(String.init), key: key)
  }

  /// Sets the value of a key. A table that is missing is added at the end; a value that is there already changes no
  /// byte.
  /// - Throws: `.uneditable` where a value stands in the place of the table or a table in the place of the value, and
  ///   for elements of arrays of tables; the text is then unchanged.
  package mutating func set(_ value: TOMLValue, table: [String], key: String) throws(FormatError) {
    let bytes = Array(text.utf8)
    let layout = try TOMLReader.read(bytes)
    let path = table + [key]
    var splicer = TOMLSplicer(layout: layout, bytes: bytes)
    try splicer.set(value, at: path)
    guard let splice = splicer.splice else { return }
    let outcome = Splice.apply([splice], to: bytes)
    guard try Self.isOutcome(outcome, of: value, at: path, on: layout, bytes: bytes) else {
      throw .uneditable(
        line: TOMLReader.line(of: splice.range.lowerBound, in: bytes),
        reason: "\(path.joined(separator: ".")) can't be changed without changing something else",
        hint: "change it by hand")
    }
    text = String(decoding: outcome, as: UTF8.self)
  }

  private static func isOutcome(
    _ outcome: [UInt8], of value: TOMLValue, at path: [String], on layout: TOMLLayout, bytes: [UInt8]
  ) throws(FormatError) -> Bool {
    guard let new = try? TOMLReader.read(outcome).definitions({ TOMLReader.line(of: $0, in: outcome) }) else {
      return false
    }
    let old = try layout.definitions { TOMLReader.line(of: $0, in: bytes) }
    var expected = old.filter { !$0.path.starts(with: path) }
    expected.insert(.init(path: path, meaning: value.meaning))
    if case .list(let items) = value {
      for (index, item) in items.enumerated() {
        expected.insert(.init(path: path + ["#\(index)"], meaning: .text(item)))
      }
    }
    // A table may have got its header.
    let difference = new.symmetricDifference(expected)
    return difference.allSatisfy { $0.meaning == .table && $0.path == path.dropLast() && new.contains($0) }
  }
}
