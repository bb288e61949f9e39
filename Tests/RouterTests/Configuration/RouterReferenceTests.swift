import Formats
import Foundation
import PKITestKit
import Router
import Testing

@Suite("the reference of router.yaml")
struct RouterReferenceTests {
  private static let schema = JSONSchema.text(
    title: "Countersign router configuration", fields: RouterConfiguration.fields)

  @Test("deploy/router.schema.json is what the fields say")
  func schema() throws { #expect(try RecordedFile("deploy/router.schema.json").holds(Self.schema)) }

  @Test("docs/operate/router.md lists the keys that there are")
  func page() throws {
    let page = RecordedFile("docs/operate/router.md")
    let expected = try #require(page.replacingKeys(FieldReference.table(RouterConfiguration.fields)))
    #expect(try page.holds(expected))
  }

  @Test("the example is read as it stands")
  func example() throws {
    let path = RecordedFile.root.appending(path: "Examples/router/router.yaml").path
    let configuration = try RouterConfigurationFile(path: path).parse(
      Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    #expect(configuration.listeners.map(\.name) == ["mqtt", "api", "to-orchestrator"])
    #expect(configuration.clusters.map(\.name) == ["broker", "telemetry", "fleet-api", "commands", "orchestrator"])
    #expect(configuration.bypasses.isEmpty)
  }

  /// Python's jsonschema, as an independent reader of the schema: prints how many errors each document has.
  private static let validator = """
    import json, sys, yaml, jsonschema
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    for name in sys.argv[2:]:
        document = yaml.safe_load(open(name))
        print(len(list(jsonschema.Draft202012Validator(schema).iter_errors(document))))
    """

  @Test("an independent reader of the schema takes the example, and refuses what the reader refuses")
  func independent() throws {
    let folder = try TemporaryDirectory()
    try Data(Self.schema.utf8).write(to: folder.file("schema.json"))
    let clients = "name: l, listen: \"[::]:1\", to: c, identity: {cert: a, key: b}, clients"
    let documents = [
      RouterYAML.listener("\(clients): {trust: t, crl: [a, b], allow: [{any: true}]}"),
      RouterYAML.listener("\(clients): {trust: t, crl: a, allow: [{any: true}]}, tls: {min: 1.2}"),
      RouterYAML.listener("\(clients): {trust: t, crl: {a: b}, allow: [{any: true}]}"),
      RouterYAML.listener("\(clients): {trust: t, crl: [{a: b}], allow: [{any: true}]}"),
      RouterYAML.listener("name: a b, listen: \"unix:/s\", to: c"),
      RouterYAML.cluster("name: c, endpoints: [\"unix:s\"]"),
      RouterYAML.cluster("name: c, endpoints: [\"a:1\"], resolve: 30"),
      "drain: 30\n" + RouterYAML.listener("name: l, listen: \"unix:/s\", to: c"),
    ]
    var files = [RecordedFile.root.appending(path: "Examples/router/router.yaml").path]
    for (index, text) in documents.enumerated() {
      let file = folder.file("\(index).yaml")
      try Data(text.utf8).write(to: file)
      files.append(file.path)
    }
    let python = RecordedFile.root.appending(path: ".build-tools/bin/python").path
    let output = try Tool.require(
      python, ["-c", Self.validator, folder.file("schema.json").path] + files, in: folder.url)
    #expect(output.text == "0\n0\n0\n1\n1\n1\n1\n1\n1\n")
    #expect(documents.map { RouterYAML.errors($0).count } == [0, 0, 1, 1, 1, 1, 1, 1])
  }
}
