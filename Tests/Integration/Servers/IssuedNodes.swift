import Foundation
import PKITestKit

/// An authority with an intermediate, a server and some nodes, made by the commands that an operator types.
///
/// `node-1` is as it should be, `node-2` is revoked in `ca.crl`, and `stranger` is of nobody's authority.
struct IssuedNodes {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.bash(
      """
      countersign ca create --name "Example CA" --no-passphrase --quiet
      countersign ca intermediate --name "Issuing CA" --no-passphrase --quiet
      countersign issue localhost --ip 127.0.0.1 --profile server -o server --quiet
      countersign issue node-1 --profile client -o nodes --quiet
      countersign issue node-2 --profile client -o nodes --quiet
      countersign issue stranger --self-signed -o stranger --quiet
      countersign revoke nodes/node-2.crt --reason keyCompromise --quiet
      countersign crl -o ca.crl --quiet
      """)
  }

  /// What a server is started with.
  var serverFiles: ServerProcess.Files {
    ServerProcess.Files(
      certificate: workspace.file("server/localhost.crt"), key: workspace.file("server/localhost.key"),
      clientAuthorities: workspace.file("server/ca.crt"))
  }

  /// The flags of `countersign check` for a node: certificate, key and the root to trust.
  func credentials(_ node: String) -> [String] {
    let folder = node == "stranger" ? "stranger" : "nodes"
    return [
      "--trust", workspace.file("server/ca.crt"), "--cert", workspace.file("\(folder)/\(node).crt"),
      "--key", workspace.file("\(folder)/\(node).key"),
    ]
  }
}
