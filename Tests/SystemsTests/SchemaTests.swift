import Formats
import Systems
import Testing

@Suite("the schema of a fleet file")
struct SchemaTests {
  private let schema = Schema.object([
    Field("name", .text(.label), required: true, "A name."),
    Field("hosts", .list(.text(.host)), "Names that are dialled."),
    Field("isOn", .flag, "Whether it is on."),
    Field("mode", .choice(["helm", "docker"]), "How it runs."),
    Field("port", .number(1...65535), "A port."),
  ])

  private func errors(_ yaml: String) throws -> [String] {
    let tree = try #require(try YAMLTree.document(Array(yaml.utf8)))
    return schema.errors(in: tree).map { $0.inFile("f").message }
  }

  @Test("what fits is accepted")
  func good() throws {
    #expect(try errors("name: a-b\nhosts: [a.example, 10.0.0.1, '::1']\nisOn: yes\nmode: helm\nport: 8443\n").isEmpty)
  }

  @Test("every error has its line and column")
  func places() throws {
    #expect(
      try errors("nam: a\nhosts:\n  - a b\nisOn: 'true'\nmode: hlem\nport: 0\n") == [
        "f:1:1: unknown key \"nam\"",
        "f:3:5: \"a b\" is not a valid host: it is neither a DNS name nor an address",
        "f:4:7: true or false is expected here, and there is text",
        "f:5:7: unknown value \"hlem\"",
        "f:6:7: 0 is not within 1 to 65535",
        "f:1:1: the key \"name\" is missing",
      ])
  }

  @Test("the nearest known key is named")
  func nearest() throws {
    let tree = try #require(try YAMLTree.document(Array("name: x\nMode: helm\nzzzzzz: 1\n".utf8)))
    #expect(
      schema.errors(in: tree).map(\.hint) == [
        "did you mean \"mode\"?", "known here: name, hosts, isOn, mode, port",
      ])
  }

  @Test(
    "versions of charts are ordered by their numbers", arguments: [("8.5.9", true), ("8.10.0", false), ("v8.6", false)])
  func versions(text: String, isOlder: Bool) throws {
    let limit = try #require(ChartVersion("8.6.0"))
    #expect(try (#require(ChartVersion(text)) < limit) == isOlder)
    #expect(ChartVersion("eight") == nil && ChartVersion("8") == nil)
  }
}
