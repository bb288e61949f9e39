import Foundation
import Systems
import Testing

@Suite("Choreo Connect's example")
struct ChoreoConnectExampleTests {
  @Test("it is delivered without a warning, and its comments stay")
  func example() throws {
    let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../Examples/choreo-connect")
      .standardizedFileURL
    let file = Array(try Data(contentsOf: folder.appending(path: "fleet.yaml")))
    let member = try #require(try Fleet(file, path: "fleet.yaml").members.first)
    let system = try #require(member.system as? ChoreoConnect)
    var files: [String: [UInt8]] = [:]
    for input in system.inputs {
      files[input.path] = (try? Data(contentsOf: folder.appending(path: input.path))).map(Array.init)
    }
    #expect(
      files.keys.sorted() == ["choreo-connect/docker-compose/choreo-connect/conf/config.toml", "truststore-password"])
    let bench = try Workbench()
    let delivery = try bench.deliver(system, bench.choreoSupply(system, files: files))
    #expect(delivery.warnings.isEmpty)
    #expect(delivery.folders.map(\.name) == ["backend.example.org", "10.0.5.20", "router", "apis"])
    let config = try #require(delivery["router", "choreo-connect/conf/config.toml"])
    #expect(config.text.contains("minimumProtocolVersion = \"TLS1_2\"") && config.text.contains("# as the backends'"))
  }
}
