/// The differences of two texts as `diff -u` shows them.
package enum UnifiedDiff {
  /// - Parameter context: the number of unchanged lines to show around each change.
  /// - Parameter redacting: which keys have values that must not be shown. Private keys are never shown, unless this
  ///   is nil: then nothing is hidden, and `patch` can apply the outcome.
  /// - Returns: lines without line breaks; none where the texts are equal.
  package static func lines(
    old: String, new: String, oldName: String, newName: String, context: Int = 3,
    redacting isSecret: ((String) -> Bool)? = SecretLines.isSecretName
  ) -> [String] {
    guard !old.utf8.elementsEqual(new.utf8) else { return [] }
    let (one, other) = (TextLines(old), TextLines(new))
    let changes = LineComparison.changes(from: one.bytes, to: other.bytes)
    let (shownOld, shownNew) = (one.shown(isSecret), other.shown(isSecret))
    var result = ["--- \(oldName)", "+++ \(newName)"]
    for hunk in hunks(changes, context: max(0, context), counts: (one.lines.count, other.lines.count)) {
      result.append("@@ -\(range(hunk.old)) +\(range(hunk.new)) @@")
      var position = hunk.old.lowerBound
      func show(_ sign: String, _ lines: [String], _ range: Range<Int>, of text: TextLines) {
        for index in range {
          result.append(sign + lines[index])
          if text.isOpen, index == text.lines.count - 1 { result.append("\\ No newline at end of file") }
        }
      }
      for change in hunk.changes {
        show(" ", shownOld, position..<change.old.lowerBound, of: one)
        show("-", shownOld, change.old, of: one)
        show("+", shownNew, change.new, of: other)
        position = change.old.upperBound
      }
      show(" ", shownOld, position..<hunk.old.upperBound, of: one)
    }
    return result
  }

  private struct Hunk {
    var old: Range<Int>
    var new: Range<Int>
    var changes: [LineChange]
  }

  /// Changes that are near each other share a hunk.
  private static func hunks(_ changes: [LineChange], context: Int, counts: (old: Int, new: Int)) -> [Hunk] {
    var hunks: [Hunk] = []
    for change in changes {
      let before = min(context, change.old.lowerBound)
      let after = min(context, counts.old - change.old.upperBound)
      let old = (change.old.lowerBound - before)..<(change.old.upperBound + after)
      let new = (change.new.lowerBound - before)..<(change.new.upperBound + after)
      if let last = hunks.indices.last, hunks[last].old.upperBound >= old.lowerBound {
        hunks[last].old = hunks[last].old.lowerBound..<old.upperBound
        hunks[last].new = hunks[last].new.lowerBound..<new.upperBound
        hunks[last].changes.append(change)
      } else {
        hunks.append(Hunk(old: old, new: new, changes: [change]))
      }
    }
    return hunks
  }

  /// Counted from 1; an empty range stands after the line that it names.
  private static func range(_ range: Range<Int>) -> String {
    switch range.count {
    case 0: "\(range.lowerBound),0"
    case 1: "\(range.lowerBound + 1)"
    default: "\(range.lowerBound + 1),\(range.count)"
    }
  }
}

/// A text by lines.
struct TextLines {
  /// Without LF; a last line without one counts too.
  var lines: [String]
  /// Whether the last line lacks its line break.
  var isOpen: Bool

  /// To compare by: with the line break, and without regard to what Unicode calls equal.
  var bytes: [[UInt8]] {
    lines.enumerated().map { Array($1.utf8) + (isOpen && $0 == lines.count - 1 ? [] : [0x0a]) }
  }

  init(_ text: String) {
    var parts = text.utf8.split(separator: 0x0a, omittingEmptySubsequences: false).map { String(Substring($0)) }
    isOpen = parts.last != ""
    if !isOpen { parts.removeLast() }
    lines = parts
  }

  func shown(_ isSecret: ((String) -> Bool)?) -> [String] {
    guard let isSecret else { return lines }
    return SecretLines.redacted(lines, isSecret: isSecret)
  }
}
