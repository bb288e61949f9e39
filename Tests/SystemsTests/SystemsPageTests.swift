import Foundation
import Testing

/// The tables of docs/systems.md.
private struct SystemsPage {
  struct Row {
    var step: String
    var proof: Substring
  }

  let rows: [Row]

  init() throws {
    let page = try String(contentsOf: Repository.root.appending(path: "docs/systems.md"), encoding: .utf8)
    rows = page.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
      guard cells.count == 4, let step = cells.first?.trimmingCharacters(in: .whitespaces), let proof = cells.last,
        step.wholeMatch(of: /[A-Z][0-9]+/) != nil
      else { return nil }
      return Row(step: step, proof: proof)
    }
  }
}

/// What the tests are called, by the names of their files.
private struct KnownTests {
  private let titles: [String: Set<String>]

  init() throws {
    var titles: [String: Set<String>] = [:]
    let tests = Repository.root.appending(path: "Tests")
    for path in try FileManager.default.subpathsOfDirectory(atPath: tests.path) where path.hasSuffix("Tests.swift") {
      let source = try String(contentsOf: tests.appending(path: path), encoding: .utf8)
      let name = String(path.dropLast(".swift".count).split(separator: "/").last ?? "")
      titles[name, default: []].formUnion(source.matches(of: /@Test\(\s*"([^"]*)"/).map { String($0.1) })
    }
    self.titles = titles
  }

  /// What a cell names that isn't there; nothing where all of it is, and nil where it names no test at all.
  func missing(in proof: Substring) -> [String]? {
    var missing: [String] = []
    var file: String?
    var count = 0
    for match in proof.matches(of: /([A-Za-z]+Tests):|"([^"]+)"|`([A-Za-z]+\/[a-z-]+\.txt)`/) {
      if let name = match.1 {
        file = String(name)
        if titles[String(name)] == nil { missing.append("\(name).swift") }
      } else if let title = match.2 {
        count += 1
        let isThere = file.flatMap { titles[$0] }?.contains(String(title)) ?? false
        if !isThere { missing.append("\(file ?? "no file"): \"\(title)\"") }
      } else if let script = match.3 {
        count += 1
        let path = Repository.root.appending(path: "Tests/Integration/\(script)").path
        if !FileManager.default.fileExists(atPath: path) { missing.append(String(script)) }
      }
    }
    return count > 0 ? missing : nil
  }
}

@Suite("the page about the four systems")
struct SystemsPageTests {
  @Test("it has a row for each of the 56 steps")
  func steps() throws {
    let counts = [("S", 13), ("W", 9), ("B", 9), ("C", 25)]
    let expected = counts.flatMap { letter, count in (1...count).map { "\(letter)\($0)" } }
    #expect(expected.count == 56)
    #expect(try SystemsPage().rows.map(\.step) == expected)
  }

  @Test("every row names a test that exists")
  func proofs() throws {
    let known = try KnownTests()
    for row in try SystemsPage().rows { #expect(known.missing(in: row.proof) == [], "\(row.step)") }
  }

  @Test("a title that no test has, a file that isn't there, and a row without a proof are found")
  func gaps() throws {
    let known = try KnownTests()
    #expect(known.missing(in: "SystemsPageTests: \"every row names a test that exists\"") == [])
    #expect(known.missing(in: "SystemsPageTests: \"no such title\"") == ["SystemsPageTests: \"no such title\""])
    #expect(
      known.missing(in: "FleetFileTests: \"every row names a test that exists\"")
        == ["FleetFileTests: \"every row names a test that exists\""])
    #expect(known.missing(in: "NobodysTests: \"x\"") == ["NobodysTests.swift", "NobodysTests: \"x\""])
    #expect(known.missing(in: "`Desk/sign.txt`; `Desk/no-such-case.txt`") == ["Desk/no-such-case.txt"])
    #expect(known.missing(in: " ") == nil && known.missing(in: "SystemsPageTests: all of it") == nil)
  }
}
