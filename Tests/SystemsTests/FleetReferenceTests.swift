import Diagnosis
import Foundation
import Systems
import Testing

/// The keys of a schema as tables of Markdown.
private enum FieldReference {
  static var text: String {
    var sections = [table("The file", Fleet.fields)]
    for system in fleetSystems { sections.append(table("kind: \(system.kind)", system.fields)) }
    return sections.joined(separator: "\n")
  }

  private static func table(_ title: String, _ fields: [Field]) -> String {
    "### \(title)\n\n| key | value | |\n|---|---|---|\n" + rows(fields, below: "").joined()
  }

  private static func rows(_ fields: [Field], below path: String) -> [String] {
    fields.flatMap { field in
      let key = path + field.name
      let note = (field.isRequired ? "**Required.** " : "") + field.note
      return ["| `\(key)` | \(value(field.schema)) | \(note.replacing("|", with: "\\|")) |\n"]
        + inner(field.schema, below: key)
    }
  }

  private static func inner(_ schema: Schema, below path: String) -> [String] {
    switch schema {
    case .object(let fields), .textOr(_, let fields): rows(fields, below: path + ".")
    case .list(let element): inner(element, below: path + "[]")
    case .map(let element): inner(element, below: path + ".*")
    default: []
    }
  }

  private static func value(_ schema: Schema) -> String {
    switch schema {
    case .text(let form): form.name
    case .textOr(let form, _): "\(form.name), or a mapping"
    case .flag: "true or false"
    case .number(let range): "\(range.lowerBound) to \(range.upperBound)"
    case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .list(let element): "list: \(value(element))"
    case .map(let element): "free keys: \(value(element))"
    case .object: "mapping"
    case .variants: "mapping with `kind`, below"
    }
  }
}

@Suite("the pages about fleet files")
struct FleetReferenceTests {
  @Test("docs/fleet-file.md lists the keys that there are")
  func fields() throws {
    let marks = ("<!-- keys: written by the tests, RECORD=1 -->\n\n", "\n<!-- end of keys -->")
    let page = try String(contentsOf: Repository.root.appending(path: "docs/fleet-file.md"), encoding: .utf8)
    let start = try #require(page.range(of: marks.0)).upperBound
    let end = try #require(page.range(of: marks.1)).lowerBound
    let expected = page[..<start] + FieldReference.text + page[end...]
    try Repository.expect("docs/fleet-file.md", toBe: String(expected))
  }

  @Test("docs/lint.md has a row for the code of each finding")
  func codes() throws {
    let page = try String(contentsOf: Repository.root.appending(path: "docs/lint.md"), encoding: .utf8)
    // A password is never asked for.
    let inspected = FindingCode.allCases.filter { $0 != .wrongPassword }.map(\.rawValue)
    for code in inspected + LintCode.allCases.map(\.rawValue) {
      #expect(page.contains("| `\(code)`") || page.contains(", `\(code)`"), "\(code)")
    }
  }
}
