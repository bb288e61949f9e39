import Foundation

/// Puts names in the place of what differs between two runs: serials, hashes, times, ports, folders.
struct Normalisation: Sendable {
  let folder: String
  let user: String

  func lines(_ text: String) -> [String] {
    guard !text.isEmpty else { return [] }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if lines.last == "" { lines.removeLast() } else { lines.append("(no newline at the end)") }
    while lines.last == "" { lines.removeLast() }
    return withoutPEMBodies(lines).map(line)
  }

  func line(_ text: String) -> String {
    var text = text.replacingOccurrences(of: folder, with: "$WORK")
    for (pattern, replacement) in Self.patterns {
      text = text.replacingOccurrences(of: pattern, with: replacement, options: .regularExpression)
    }
    text = text.replacingOccurrences(of: "by \(user)", with: "by OPERATOR")
    text = text.replacingOccurrences(of: "\"actor\" : \"\(user)\"", with: "\"actor\" : \"OPERATOR\"")
    text = text.replacingOccurrences(of: "\"actor\":\"\(user)\"", with: "\"actor\":\"OPERATOR\"")
    while text.last == " " { text.removeLast() }
    return text
  }

  /// In the order in which they apply: longer runs of digits first.
  private static let patterns = [
    ("\\b[0-9a-fA-F]{64}\\b", "SHA256"),
    ("\\b[0-9a-f]{16}…", "SHA256…"),
    ("\\b([0-9A-F]{2}:){15,31}[0-9A-F]{2}\\b", "FINGERPRINT"),
    ("(key id: +|issuer's key: +|KeyIdentifier\" : \")[0-9a-f]{40}\\b", "$1KEYID"),
    ("\\b[0-9a-fA-F]{34,40}\\b", "SERIAL"),
    ("\\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?Z", "TIME"),
    ("\\b[A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4}\\b", "PAIRING-CODE"),
    ("(127\\.0\\.0\\.1|localhost|\\[::1\\]):[0-9]{4,5}\\b", "$1:PORT"),
    // Columns are as wide as what stood in them.
    ("\"port\" : [0-9]+", "\"port\" : PORT"),
    ("(SHA256|SERIAL|TIME|PORT) {2,}", "$1  "),
  ]

  private func withoutPEMBodies(_ lines: [String]) -> [String] {
    var kept: [String] = []
    var rest = lines[...]
    while let line = rest.popFirst() {
      kept.append(line)
      guard line.hasPrefix("-----BEGIN "), rest.first?.hasPrefix("-----") == false,
        let end = rest.firstIndex(where: { $0.hasPrefix("-----END ") })
      else { continue }
      kept.append("…")
      rest = rest[end...]
    }
    return kept
  }
}
