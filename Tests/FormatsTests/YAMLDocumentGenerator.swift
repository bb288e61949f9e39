import Foundation

/// Makes YAML documents as people write them: comments anywhere, all styles, changing indentation.
struct YAMLDocumentGenerator {
  var random: SeededGenerator
  private var text = ""
  private var counter = 0
  private var step = 2
  private var listStep = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  mutating func document() -> String {
    (text, counter) = ("", 0)
    step = [2, 2, 4, 3][pick(4)]
    listStep = [0, 2, step][pick(3)]
    if one(in: 8) { text += "%YAML 1.1\n---\n" } else if one(in: 5) { text += "--- \(comment())\n" }
    mapping(column: 0, depth: 0)
    if one(in: 4) { text += "\(comment())\n" }
    if one(in: 8) { text += "...\n" }
    if one(in: 4), text.hasSuffix("\n") { text.removeLast() }
    if one(in: 5) { text = text.replacingOccurrences(of: "\n", with: "\r\n") }
    return one(in: 10) ? "\u{feff}" + text : text
  }

  mutating func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }
  mutating func one(in count: Int) -> Bool { pick(count) == 0 }

  private mutating func number() -> Int {
    counter += 1
    return counter
  }

  private mutating func comment() -> String { "# c\(number())." }

  private func pad(_ count: Int) -> String { String(repeating: " ", count: count) }

  private mutating func interlude(column: Int) {
    while one(in: 4) {
      text += one(in: 2) ? "\n" : pad(one(in: 4) ? pick(8) : column) + comment() + "\n"
    }
  }

  private mutating func mapping(column: Int, depth: Int, compact: Bool = false) {
    for index in 0...pick(4) {
      if index > 0 || !compact {
        interlude(column: column)
        text += pad(column)
      }
      text += key() + (one(in: 9) ? " :" : ":")
      value(column: column, depth: depth, isItem: false)
    }
  }

  private mutating func key() -> String {
    let name = "k\(number())"
    return [name, name, name, "\"\(name)\"", "'\(name)'", "\(name).x/y", "two \(name)"][pick(7)]
  }

  private mutating func list(column: Int, depth: Int, compact: Bool = false) {
    for index in 0...pick(3) {
      if index > 0 || !compact {
        interlude(column: column)
        text += pad(column)
      }
      text += "-"
      value(column: column, depth: depth, isItem: true)
    }
  }

  /// After the colon or dash.
  private mutating func value(column: Int, depth: Int, isItem: Bool) {
    let inner = column + step
    switch pick(depth > 3 ? 7 : 12) {
    case 0...2: text += " \(scalar())\(trailing())\n"
    case 3: blockScalar(column: column)
    case 4: text += "\(trailing())\n"
    case 5: text += one(in: 3) ? "\n\(pad(inner))\(scalar())\n" : " \(flow(depth: 0))\(trailing())\n"
    case 6:
      let lines = [
        "first\n\(pad(inner))second", "\"first \\\n\(pad(inner)) # no\n\n\(pad(inner))third\"",
        "'it''s\n\(pad(inner))x: y'",
      ]
      text += " \(lines[pick(3)])\(trailing())\n"
    case 7 where isItem, 8 where isItem, 9 where isItem:
      let gap = one(in: 4) ? 3 : 1
      text += pad(gap)
      if one(in: 4) {
        list(column: column + 1 + gap, depth: depth + 1, compact: true)
      } else {
        mapping(column: column + 1 + gap, depth: depth + 1, compact: true)
      }
    case 10...11:
      text += "\(trailing())\n"
      list(column: column + (isItem ? 2 : listStep), depth: depth + 1)
    default:
      text += "\(trailing())\n"
      mapping(column: inner, depth: depth + 1)
    }
  }

  private mutating func trailing() -> String { one(in: 3) ? pad(1 + pick(3)) + comment() : "" }

  private mutating func scalar() -> String {
    [
      "word", "two words", "12", "true", "no", "~", "null", "http://x.example:80/y?z#a", "1.5", "é ü", "-x", "a:b",
      "x#y",
      "\"quoted # not: a comment\"", "'single # not: it''s'", "\"esc \\\" \\\\\"", "\"\"", "''", "2026-07-01", "010",
    ][pick(20)]
  }

  private mutating func blockScalar(column: Int) {
    let width = one(in: 3) ? step + 1 : step
    let style = one(in: 4) ? ">" : "|"
    let chomping = ["", "", "-", "+"][pick(4)]
    let indicator = one(in: 4) ? "\(width)" : ""
    text += " \(style)\(one(in: 2) ? indicator + chomping : chomping + indicator)\(trailing())\n"
    for line in ["-----BEGIN X-----", "# not a comment", "", "a: b", "- c"].prefix(1 + pick(5)) {
      text += line.isEmpty ? "\n" : pad(column + width) + line + "\n"
    }
    if one(in: 3) { text += "\n" }
  }

  private mutating func flow(depth: Int) -> String {
    let isMapping = one(in: 2)
    let scalars = ["x", "12", "\"a, b\"", "'c ] d'", "true", "two words", "http://x:1/y"]
    var parts: [String] = []
    for _ in 0..<pick(4) {
      let value = depth < 2 && one(in: 3) ? flow(depth: depth + 1) : scalars[pick(scalars.count)]
      let name = "f\(number())"
      parts.append(isMapping ? [name, "\"\(name)\"", name, name][pick(4)] + ": " + value : value)
    }
    let separator = one(in: 4) ? ",\n\(pad(20))" : ", "
    let inner = parts.joined(separator: separator) + (one(in: 6) && !parts.isEmpty ? "," : "")
    let blank = one(in: 4) ? " " : ""
    return isMapping ? "{\(blank)\(inner)\(blank)}" : "[\(blank)\(inner)\(blank)]"
  }
}
