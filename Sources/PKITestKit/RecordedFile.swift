package import Foundation

/// A file of the repository that is made by the code, and recorded by its test.
package struct RecordedFile: Sendable {
  package static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  package let url: URL

  package init(_ path: String) { url = Self.root.appending(path: path) }

  package var text: String { (try? String(contentsOf: url, encoding: .utf8)) ?? "" }

  /// Whether the file holds this text; it does after it was written where RECORD=1.
  package func holds(_ expected: String) throws -> Bool {
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(expected.utf8).write(to: url)
    }
    return text == expected
  }

  /// The file's text with another part between the marks around the keys; nil where it has no such marks.
  package func replacingKeys(_ keys: String) -> String? {
    let text = text
    guard let start = text.range(of: "<!-- keys: written by the tests, RECORD=1 -->\n\n")?.upperBound,
      let end = text.range(of: "\n<!-- end of keys -->")?.lowerBound
    else { return nil }
    return String(text[..<start] + keys + text[end...])
  }
}
