import Foundation
import PKITestKit

extension Workspace {
  /// One with an authority, and in `pki` what the router shows, `localhost`, and the clients' certificates.
  /// - Parameter clients: names, each with the flags that `countersign issue` gets.
  static func forRouter(clients: [String] = ["robot-1", "robot-2"]) throws -> Workspace {
    let workspace = try Workspace()
    try workspace.bash(
      """
      countersign ca create --name "Example Root CA" --no-passphrase --quiet
      countersign issue localhost --ip 127.0.0.1 --profile server -o pki --quiet
      """)
    for client in clients { try workspace.bash("countersign issue \(client) --profile client -o pki --quiet") }
    return workspace
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: directory.file(name), options: .atomic)
  }

  /// The serial as clients.py tells it.
  func serial(of certificate: String) throws -> String {
    try bash("serial \(certificate)").text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}

/// router.yaml for one listener with mutual TLS, `in`, before one cluster, `back`.
struct OneListener {
  var endpoints: [String]
  /// The keys of `clients`, in braces.
  var clients = "trust: pki/ca.crt, allow: [{any: true}]"
  /// The file's name without its ending.
  var identity = "pki/localhost"
  /// Lines of the listener, such as `limits: {connections: 4}`.
  var more = ""
  /// Lines of the cluster.
  var cluster = ""
  /// Lines beside listeners and clusters.
  var top = ""

  /// - Parameter port: where the only backend is.
  init(to port: Int) { endpoints = ["127.0.0.1:\(port)"] }

  init(to endpoints: [String]) { self.endpoints = endpoints }

  func with(_ change: (inout OneListener) -> Void) -> OneListener {
    var changed = self
    change(&changed)
    return changed
  }

  var yaml: String {
    """
    \(top)
    listeners:
      - name: in
        listen: 127.0.0.1:0
        identity: {cert: \(identity).crt, key: \(identity).key}
        clients: {\(clients)}
        to: back
        \(more)
    clusters:
      - name: back
        endpoints: [\(endpoints.map { "\"\($0)\"" }.joined(separator: ", "))]
        \(cluster)

    """
  }
}
