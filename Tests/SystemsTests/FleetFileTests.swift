import Credentials
import Formats
import Systems
import Testing

@Suite("a fleet file")
struct FleetFileTests {
  private func refusal(_ yaml: String) throws -> FleetErrors {
    try #require(throws: FleetErrors.self) { _ = try Fleet(Array(yaml.utf8), path: "fleet.yaml") }
  }

  @Test("what isn't YAML is refused with line and column")
  func syntax() throws {
    #expect(try refusal("authority: {name: [}\n").message.hasPrefix("fleet.yaml:1:"))
    #expect(try refusal("").message == "fleet.yaml: it is empty")
    #expect(try refusal("a: 1\n---\nb: 2\n").message.contains("2 documents"))
  }

  @Test("a system that isn't known is named, with those that are")
  func unknownSystem() throws {
    let error = try refusal("authority: {name: X}\nsystems:\n  - {kind: substar}\n")
    #expect(error.message == "fleet.yaml:3:12: unknown system \"substar\"")
    #expect(error.hint == "did you mean \"substra\"?")
  }

  @Test("all errors are found, and the first says how many more there are")
  func several() throws {
    let error = try refusal("authorty: {}\ndefaults: {lifetime: soon}\nsystems: []\n")
    #expect(error.all.count == 2)
    #expect(error.hint == "did you mean \"authority\"? (1 more: `countersign lint` shows all)")
  }

  @Test(
    "an authority is given in one way",
    arguments: ["{}", "{name: X, external: true}", "{cert: a.crt}", "{external: false}"])
  func authority(text: String) throws {
    let tree = try #require(try YAMLTree.document(Array(text.utf8)))
    #expect(throws: FleetError.self) { try AuthorityDeclaration(Declaration(tree)) }
  }

  @Test("a short lifetime brings a short time of renewal along")
  func defaults() throws {
    let tree = try #require(try YAMLTree.document(Array("{lifetime: 24h}".utf8)))
    #expect(try FleetDefaults(Declaration(tree)).renewBefore == .seconds(8 * 3600))
    let never = try #require(try YAMLTree.document(Array("{lifetime: 24h, renewBefore: 24h}".utf8)))
    #expect(throws: FleetError.self) { try FleetDefaults(Declaration(never)) }
  }
}
