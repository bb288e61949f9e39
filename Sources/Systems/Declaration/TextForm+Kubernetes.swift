package import Formats

extension TextForm {
  package static let version = TextForm("version", pattern: "^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?([-+].*)?$") { text in
    ChartVersion(text) == nil ? "versions are written 1.2.3" : nil
  }

  /// The name of most objects of a cluster (RFC 1123, a subdomain).
  package static let objectName = TextForm(
    "object name", pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
  ) { KubernetesName.problem(of: $0, limit: 253) }

  /// The name of a namespace or a Helm release (RFC 1123, a label).
  package static let label = TextForm("label", pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$") { text in
    text.contains(".") ? "it holds a dot" : KubernetesName.problem(of: text, limit: 63)
  }
}

/// Names as the API server of a cluster accepts them.
package enum KubernetesName {
  /// Why a text is no DNS-1123 subdomain; nil where it is one.
  package static func problem(of text: String, limit: Int) -> String? {
    if text.isEmpty { return "it is empty" }
    if text.utf8.count > limit { return "it is longer than \(limit) characters" }
    for label in text.split(separator: ".", omittingEmptySubsequences: false) {
      guard let first = label.utf8.first, let last = label.utf8.last else { return "it has an empty part" }
      if !label.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") }) {
        return "only lower-case letters, digits, '-' and '.' may stand in it"
      }
      if !isAlphanumeric(first) || !isAlphanumeric(last) { return "its parts begin and end with a letter or a digit" }
    }
    return nil
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}

/// The version of a chart, in its leading numbers.
package struct ChartVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let description: String
  private let numbers: [Int]

  package init?(_ text: String) {
    let core = (text.hasPrefix("v") ? text.dropFirst() : text[...]).prefix { $0 != "-" && $0 != "+" }
    let numbers = core.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
    guard (2...3).contains(numbers.count), numbers.allSatisfy({ $0.map { $0 >= 0 } == true }) else { return nil }
    description = text
    self.numbers = numbers.compactMap { $0 } + (numbers.count == 2 ? [0] : [])
  }

  package static func < (a: Self, b: Self) -> Bool { a.numbers.lexicographicallyPrecedes(b.numbers) }
}
