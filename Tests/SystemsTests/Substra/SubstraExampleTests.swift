import Credentials
import Formats
import Foundation
import Systems
import Testing

@Suite("the example of Substra")
struct SubstraExampleTests {
  @Test("it is delivered without a warning, and what comes out has no finding")
  func example() throws {
    let root = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let folder = root.appending(path: "Examples/substra")
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
      contents[name] = Array(try Data(contentsOf: folder.appending(path: name)))
    }
    let fleet = try Fleet(try #require(contents["fleet.yaml"]), path: "fleet.yaml")
    let system = try #require(fleet.members.first?.system as? Substra)
    #expect(system.inputs.allSatisfy { contents[$0.path] != nil })

    let bench = try Workbench()
    var supply = Supply(now: bench.now)
    supply.files = InputFiles(contents)
    supply.trust = [bench.issuer.certificate]
    supply.issuer = bench.issuer.certificate
    for node in try system.checkedNodes(supply.files) {
      let credential = try bench.credential(for: node)
      supply.credentials[node.name] = credential
      #expect(system.problems(of: credential, for: node, supply: supply) == [])
    }
    var random = SystemRandomNumberGenerator()
    let delivery = try system.deliver(supply, using: &random)
    #expect(delivery.warnings == [] && delivery.folders.count == 3)

    let merged = delivery.folders.flatMap { folder in
      folder.artefacts.map { (path: "out/\(folder.name)/\($0.path)", bytes: $0.bytes) }
    }
    let given = contents.filter { $0.key != "fleet.yaml" }.map { (path: $0.key, bytes: $0.value) }
    let files = (merged + given).map { path, bytes in
      LintFile(
        path: path, bytes: bytes,
        content: path.hasSuffix(".yaml")
          ? .yaml((try? YAMLTree.documents(bytes)) ?? []) : .pem(PEM.scan(bytes).blocks))
    }
    #expect(Substra.lint(LintContext(files: files, now: bench.now), declared: system) == [])
  }
}
