import Credentials
import Enrolment
import Formats
import Foundation
import Orchestrator
import PKITestKit
import Testing

@Suite("the reference of orchestrator.yaml")
struct ConfigurationReferenceTests {
  private static let schema = JSONSchema.text(
    title: "Countersign orchestrator configuration", fields: OrchestratorConfiguration.fields)

  @Test("deploy/orchestrator.schema.json is what the fields say")
  func schema() throws { #expect(try RecordedFile("deploy/orchestrator.schema.json").holds(Self.schema)) }

  @Test("docs/operate/configuration.md lists the keys that there are")
  func page() throws {
    let page = RecordedFile("docs/operate/configuration.md")
    let expected = try #require(page.replacingKeys(FieldReference.table(OrchestratorConfiguration.fields)))
    #expect(try page.holds(expected))
  }

  @Test("the example is read as it stands, and an independent reader of the schema takes it too")
  func example() throws {
    let folder = RecordedFile.root.appending(path: "Examples/orchestrator")
    let path = folder.appending(path: "orchestrator.yaml").path
    let file = OrchestratorConfigurationFile(path: path, home: "/home") {
      Array(try Data(contentsOf: URL(fileURLWithPath: $0)))
    }
    let configuration = try file.parse(Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    #expect(configuration.admission.passwords?.hashes.count == 1 && configuration.admission.partners.count == 1)
    #expect(configuration.policy.rules.count == 2)
    let python = RecordedFile.root.appending(path: ".build-tools/bin/python").path
    let validator = """
      import json, sys, yaml, jsonschema
      schema = json.load(open("deploy/orchestrator.schema.json"))
      document = yaml.safe_load(open(sys.argv[1]))
      print(len(list(jsonschema.Draft202012Validator(schema).iter_errors(document))))
      print(len(list(jsonschema.Draft202012Validator(schema).iter_errors(document | {"lisen": 1}))))
      """
    let output = try Tool.require(python, ["-c", validator, path], in: RecordedFile.root)
    #expect(output.text == "0\n1\n")
  }
}
