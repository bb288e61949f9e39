import Foundation
import Yams

extension YAMLText {
  /// The same value in JSON, by YAML's core schema (YAML 1.2.2 §10.3): plain scalars may be null, booleans or numbers.
  static func json(_ node: Node) -> String {
    if let mapping = node.mapping {
      return "{" + mapping.map { quoted($0.key.scalar?.string ?? "") + ":" + json($0.value) }.joined(separator: ",")
        + "}"
    }
    if let sequence = node.sequence { return "[" + sequence.map(json).joined(separator: ",") + "]" }
    guard let scalar = node.scalar else { return "null" }
    guard scalar.style == .plain else { return quoted(scalar.string) }
    switch scalar.string {
    case "", "~", "null", "Null", "NULL": return "null"
    case "true", "True", "TRUE": return "true"
    case "false", "False", "FALSE": return "false"
    case let text:
      if let number = Int(text) { return "\(number)" }
      // Only what starts as a number: Double also reads "nan" and "infinity".
      guard text.utf8.contains(where: { (0x30...0x39).contains($0) }), let number = Double(text), number.isFinite,
        !text.lowercased().contains("x")
      else { return quoted(text) }
      return "\(number)"
    }
  }

  private static func quoted(_ text: String) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
  }
}
