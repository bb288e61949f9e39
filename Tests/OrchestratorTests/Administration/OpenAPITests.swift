import Foundation
import HTTPTypes
import Ledger
import Testing

@testable import Formats
@testable import Orchestrator

@Suite("the description of the administration interface")
struct OpenAPITests {
  private static let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../..").standardizedFileURL
  private static let file = repository.appendingPathComponent("deploy/openapi.yaml")
  private static let copy = repository.appendingPathComponent(
    "Sources/Orchestrator/Administration/OpenAPIDocument.swift")

  @Test("the program holds what deploy/openapi.yaml says")
  func embedded() throws {
    let text = try String(contentsOf: Self.file, encoding: .utf8)
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      let body = lines.map { $0.isEmpty ? "\n" : "    \($0)\n" }.joined()
      let head = """
        /// deploy/openapi.yaml, so that the program serves it without a file. A test compares the two; RECORD=1 writes \
        this one
        /// anew.
        package enum OpenAPIDocument {
          package static let text = #\"""

        """
      return try Data((head + body + "    \"\"\"#\n}\n").utf8).write(to: Self.copy)
    }
    #expect(text == OpenAPIDocument.text + "\n", "run this test with RECORD=1")
  }

  @Test("every route is described with its role and its parameters, and nothing else is")
  func agreement() throws {
    let root = try #require(try YAMLTree.document(Array(Data(contentsOf: Self.file))))
    let parameters = try #require(root.at("components", "parameters"))
    var described: Set<String> = []
    for path in root["paths"]?.entries ?? [] where path.key.hasPrefix("/v1/") {
      for operation in path.value.entries ?? [] {
        let role = operation.value["x-role"]?.text ?? "anybody"
        let names = (operation.value["parameters"]?.items ?? []).compactMap { item -> String? in
          let name = item["$ref"]?.text?.split(separator: "/").last.map(String.init)
          guard let parameter = name.flatMap({ parameters[$0] }), parameter["in"]?.text == "query" else { return nil }
          return parameter["name"]?.text
        }
        described.insert("\(operation.key.uppercased()) \(path.key) \(role) \(names.sorted())")
      }
    }
    let served = Set(
      AdminRoutes.endpoints.map { endpoint in
        let role = endpoint.role?.rawValue ?? "anybody"
        return "\(endpoint.method.rawValue) \(endpoint.path) \(role) \(endpoint.query.sorted())"
      })
    #expect(described.subtracting(served).sorted() == [])
    #expect(served.subtracting(described).sorted() == [])
  }

  @Test("the page for operators names the role of every operation")
  func documented() throws {
    let page = try String(
      contentsOf: Self.repository.appendingPathComponent("docs/operate/api.md"), encoding: .utf8)
    for endpoint in AdminRoutes.endpoints {
      let row = "| `\(endpoint.method.rawValue) \(endpoint.path)` | \(endpoint.role?.rawValue ?? "anybody") |"
      #expect(page.contains(row), "docs/operate/api.md lacks \(row)")
    }
  }

  @Test("the fields that inputs know are those that are described")
  func inputs() throws {
    let root = try #require(try YAMLTree.document(Array(Data(contentsOf: Self.file))))
    let inputs: [(String, any APIInput.Type)] = [
      ("NewInvitation", API.NewInvitation.self), ("NodeRevocation", API.NodeRevocation.self),
      ("Readmission", API.Readmission.self), ("Approval", API.Approval.self), ("Revocation", API.Revocation.self),
      ("NewAccessToken", API.NewAccessToken.self), ("PolicyQuestion", API.PolicyQuestion.self),
      ("SigningWish", API.SigningWish.self),
    ]
    for (name, type) in inputs {
      let properties = root.at("components", "schemas", name, "properties")?.entries?.map(\.key) ?? []
      #expect(Set(properties) == type.fields, "\(name)")
    }
  }
}
