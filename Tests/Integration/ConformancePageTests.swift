import Foundation
import Testing

@Suite("docs/conformance.md")
struct ConformancePageTests {
  /// The titles of the tests, by the name of their file.
  private let titles: [String: [String]]
  private let page: String

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    page = try String(contentsOf: root.appendingPathComponent("docs/conformance.md"), encoding: .utf8)
    let tests = root.appendingPathComponent("Tests")
    let paths = FileManager.default.enumerator(atPath: tests.path)?.compactMap { $0 as? String } ?? []
    var titles: [String: [String]] = [:]
    for path in paths where path.hasSuffix(".swift") {
      let file = tests.appendingPathComponent(path)
      let text = try String(contentsOf: file, encoding: .utf8)
      titles[file.deletingPathExtension().lastPathComponent, default: []] +=
        text.matches(of: /@Test\(\s*"((?:[^"\\]|\\.)*)"/).map { String($0.1) }
    }
    self.titles = titles
  }

  private func section(_ title: String) throws -> Substring {
    let begin = try #require(page.range(of: "## \(title)"))
    let rest = page[begin.upperBound...]
    return rest[..<(rest.range(of: "\n## ")?.lowerBound ?? rest.endIndex)]
  }

  @Test("every test that it names for OCSP is there")
  func ocsp() throws {
    let all = titles.values.joined()
    let names = try section("OCSP").matches(of: /(?:^|[^*])\*([^*\n]+)\*/).map(\.1)
    #expect(names.count > 15)
    for name in names {
      // Dots stand for what was left out.
      let parts = name.split(separator: " … ")
      let isThere = all.contains { title in
        var rest = title[...]
        return parts.allSatisfy { part in
          guard let found = rest.range(of: part) else { return false }
          rest = rest[found.upperBound...]
          return true
        }
      }
      #expect(isThere, "\(name)")
    }
  }

  @Test("every test that it names for EST is in the file that it names")
  func est() throws {
    let rows = try section("EST").split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
    #expect(rows.count > 15)
    for row in rows {
      let cell = try #require(row.split(separator: "|").last { !$0.allSatisfy(\.isWhitespace) })
      let parts = cell.split(separator: ":", maxSplits: 1)
      for file in try #require(parts.first).split(separator: ",") {
        let known = titles[file.trimmingCharacters(in: .whitespaces)]
        #expect(known != nil, "\(file)")
        for name in parts.dropFirst().flatMap({ $0.split(separator: ";") }) {
          let name = name.trimmingCharacters(in: .whitespaces)
          #expect(known?.contains { $0.contains(name) } == true, "\(file): \(name)")
        }
      }
    }
  }
}
