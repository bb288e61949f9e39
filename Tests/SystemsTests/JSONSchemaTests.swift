import Formats
import Foundation
import PKITestKit
import Systems
import Testing

/// Files of the repository.
enum Repository {
  static let root = RecordedFile.root

  /// Compares a file with what it should be, or writes it where RECORD=1.
  static func expect(_ path: String, toBe text: String) throws {
    let holds = try RecordedFile(path).holds(text)
    #expect(holds, "\(path) is out of date: RECORD=1 swift test --filter SystemsTests")
  }

  static func examples() throws -> [URL] {
    let folder = root.appending(path: "Examples")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.sorted().map { folder.appending(path: "\($0)/fleet.yaml") }.filter {
      FileManager.default.fileExists(atPath: $0.path)
    }
  }
}

@Suite("the JSON Schema of the fleet file")
struct JSONSchemaTests {
  /// Python's jsonschema, as an independent reader; prints the path and the rule of each error.
  private static let validator = """
    import json, sys, yaml, jsonschema
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    for name in sys.argv[2:]:
        errors = jsonschema.Draft202012Validator(schema).iter_errors(yaml.safe_load(open(name)))
        print(*sorted("/".join(map(str, e.absolute_path)) + " " + e.validator for e in errors), sep="; ")
    """

  private func validate(_ schema: String, _ files: [String]) throws -> [String] {
    let folder = try TemporaryDirectory()
    try Data(schema.utf8).write(to: folder.file("schema.json"))
    let python = Repository.root.appending(path: ".build-tools/bin/python").path
    let output = try Tool.require(
      python, ["-c", Self.validator, folder.file("schema.json").path] + files, in: folder.url)
    return output.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  private func validate(_ schema: String, documents: [String]) throws -> [String] {
    let folder = try TemporaryDirectory()
    let files = try documents.enumerated().map { index, text in
      let file = folder.file("\(index).yaml")
      try Data(text.utf8).write(to: file)
      return file.path
    }
    return try validate(schema, files)
  }

  @Test("deploy/fleet.schema.json is what the fields say")
  func recorded() throws { try Repository.expect("deploy/fleet.schema.json", toBe: Fleet.jsonSchema) }

  @Test("an independent reader refuses what the fleet file's reader refuses, and accepts the rest")
  func independent() throws {
    let fields = [
      Field("name", .text(.label), required: true, "A \"name\".\nIt has \\ and\ttabs."),
      Field("chart", .text(.version), "A version."), Field("isOn", .flag, "On."),
      Field("port", .number(1...65535), "A port."), Field("mode", .choice(["a", "b"]), "How."),
      Field("hosts", .list(.text(.host)), "Hosts."),
      Field("node", .textOr(.label, [Field("name", .text(.label), required: true, "A name.")]), "A node."),
      Field("more", .map(.list(.text(.path))), "Free keys."),
      Field(
        "systems",
        .list(
          .variants([
            ("one", [Field("x", .text(.any), required: true, "X.")]),
            ("two", [Field("y", .object([Field("z", .flag, "Z.")]), "Y.")]),
          ])), "Systems."),
    ]
    let cases: [(text: String, error: String)] = [
      ("name: a", ""), ("name: a\nchart: 8.8\nport: 1\nisOn: true\nmode: b\nhosts: [a, 10.0.0.1]", ""),
      ("name: a\nmore: {x: [a], y: []}", ""), ("name: a\nsystems: [{kind: one, x: b}, {kind: two, y: {z: no}}]", ""),
      ("name: a\nnode: b", ""), ("name: a\nnode: {name: b}", ""), ("name: a\nnode: B", "node pattern"),
      ("name: a\nnode: {}", "node required"), ("name: a\nnode: [b]", "node type"),
      ("chart: 1.2.3", " required"), ("name: A", "name pattern"), ("name: a\nnme: b", " additionalProperties"),
      ("name: a\nport: 0", "port minimum"), ("name: a\nport: '1'", "port type"), ("name: a\nisOn: 1", "isOn type"),
      ("name: a\nmode: c", "mode enum"), ("name: a\nhosts: a", "hosts type"), ("name: a\nhosts: [[a]]", "hosts/0 type"),
      ("name: a\nmore: {x: a}", "more/x type"), ("name: ''", "name minLength; name pattern"),
      ("name: a\nsystems: [{kind: three}]", "systems/0/kind enum"),
      ("name: a\nsystems: [{x: b}]", "systems/0 required"),
      ("name: a\nsystems: [{kind: one}]", "systems/0 required"),
      ("name: a\nsystems: [{kind: two, y: {q: 1}}]", "systems/0/y additionalProperties"),
      ("name: a\nsystems: [{kind: two, x: 1}]", "systems/0 additionalProperties"),
    ]
    let schema = JSONSchema.text(title: "Test", fields: fields)
    let found = try validate(schema, documents: cases.map(\.text))
    for (index, (text, error)) in cases.enumerated() where found.indices.contains(index) {
      #expect(Set(found[index].split(separator: "; ")) == Set(error.split(separator: "; ")), "\(text)")
    }
    #expect(found.count == cases.count)
  }

  @Test("the examples are valid, and a misspelt key in one is not")
  func examples() throws {
    let files = try Repository.examples()
    let texts = try files.map { try String(contentsOf: $0, encoding: .utf8) }
    for (file, text) in zip(files, texts) {
      let fleet = try Fleet(Array(text.utf8), path: file.path)
      #expect(!fleet.members.isEmpty && text.hasPrefix("# yaml-language-server: $schema="), "\(file.path)")
    }
    for kind in fleetSystems.map({ $0.kind }) {
      #expect(texts.contains { $0.contains("kind: \(kind)") }, "no example sets up \(kind)")
    }
    let broken = texts.map { $0 + "\nmisspelt: 1\n" } + ["systems: []\nmisspelt: 1\n"]
    let found = try validate(Fleet.jsonSchema, documents: texts + broken)
    #expect(found == texts.map { _ in "" } + broken.map { _ in " additionalProperties" })
  }
}
