import Diagnosis
import Formats
import Foundation
import PKITestKit
import Systems
import Testing

@Suite("the pages about fleet files")
struct FleetReferenceTests {
  @Test("docs/fleet-file.md lists the keys that there are")
  func fields() throws {
    let tables = [("The file", Fleet.fields)] + fleetSystems.map { ("kind: \($0.kind)", $0.fields) }
    let keys = tables.map { FieldReference.table($0.0, $0.1) }.joined(separator: "\n")
    let expected = try #require(RecordedFile("docs/fleet-file.md").replacingKeys(keys))
    try Repository.expect("docs/fleet-file.md", toBe: expected)
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
