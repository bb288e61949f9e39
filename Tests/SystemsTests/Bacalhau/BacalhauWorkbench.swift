import Credentials
import Formats
import Foundation
import Systems
import Testing

/// A fleet of Bacalhau with one orchestrator and two nodes, as an operator might have it.
struct BacalhauWorkbench {
  static let declaration = """
    kind: bacalhau
    orchestrator: {config: conf/orchestrator.yaml, hosts: [my-bacalhau-orchestrator-node], tokenFile: token}
    computes:
      - {name: compute-1, config: compute-1.yaml}
      - {name: compute-2, config: compute-2.yaml, installDir: "/opt/my bacalhau/", user: bacalhau}
    """

  static let token = "token-of-the-workbench-0123456789"

  let workbench: Workbench
  var declaration = Self.declaration
  var files = [
    "conf/orchestrator.yaml": "Orchestrator:\n  Enabled: true\n",
    "compute-1.yaml": "Compute:\n  Enabled: true\n  Orchestrators:\n    - nats://10.0.5.16:4222\n",
    "compute-2.yaml": "Compute:\n  Enabled: true\n",
  ]

  init() throws { workbench = try Workbench(name: "Example Bacalhau CA") }

  func system() throws -> Bacalhau { try workbench.system(Bacalhau.self, declaration) }

  func supply() throws -> Supply { try workbench.supply(try system(), files: files) }

  func deliver() throws -> Delivery { try workbench.deliver(try system(), files: files) }

  func deliver(_ supply: Supply) throws -> Delivery {
    var random = SystemRandomNumberGenerator()
    return try system().deliver(supply, using: &random)
  }

  /// The names of the orchestrator's certificate.
  func names() throws -> [String] {
    let node = try #require(try system().checkedNodes(supply().files).first)
    return node.identity.names.map(\.description)
  }

  /// What is said against the declaration or the files.
  func error() -> FleetError? {
    do {
      _ = try deliver()
      return nil
    } catch {
      return error as? FleetError
    }
  }
}

extension LintFile {
  /// By the ending of its name.
  init(_ path: String, text: String) throws {
    let bytes = Array(text.utf8)
    let content: Content =
      path.hasSuffix(".yaml") ? .yaml(try YAMLTree.documents(bytes)) : .pem(PEM.scan(bytes).blocks)
    self.init(path: path, bytes: bytes, content: content)
  }
}
