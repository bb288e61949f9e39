import Foundation
import PKITestKit

/// A fleet file of agents, and a cluster in which their StatefulSets run.
struct ClusterFleet {
  let workspace: Workspace
  let cluster: StubAPIServer

  /// - Parameter statefulSets: the names that the release's StatefulSets have.
  init(agents: String = "bender-robots, welder-robots", statefulSets: [String] = Self.names) throws {
    workspace = try Workspace()
    let objects = statefulSets.map { name in
      """
      {"apiVersion": "apps/v1", "kind": "StatefulSet",
       "metadata": {"name": "\(name)", "namespace": "cybus", "labels": {"app.kubernetes.io/instance": "connectware-agent"}},
       "spec": {"replicas": 1, "template": {"metadata": {}}}}
      """
    }
    cluster = try StubAPIServer(state: #"{"namespaces": ["cybus"], "objects": [\#(objects.joined(separator: ","))]}"#)
    try write(agents: agents)
  }

  static let names = ["connectware-agent-bender-robots", "connectware-agent-welder-robots"]

  func write(agents: String) throws {
    let text = """
      authority: {name: Example CA}
      systems:
        - kind: connectware
          connectware: {namespace: cybus, release: connectware, mode: helm}
          agents:
            chart: connectware-agent
            release: connectware-agent
            namespace: cybus
            connectwareHost: connectware.cybus
            names: [\(agents)]
      """
    try Data(text.utf8).write(to: workspace.directory.file("fleet.yaml"))
  }

  func apply(_ flags: String..., input: String? = nil, user: String? = nil) throws -> Tool.Output {
    let arguments =
      ["apply", "fleet.yaml", "--no-passphrase", "--kubernetes", "--kubeconfig", try cluster.kubeconfig(user: user)]
      + flags
    return try Tool.run(
      "env", workspace.environment + ["countersign"] + arguments, in: workspace.directory.url,
      input: input.map { Data($0.utf8) })
  }

  func secret(_ name: String) throws -> [String: any Sendable]? {
    try cluster.object("/api/v1/namespaces/cybus/secrets/\(name)")
  }

  /// The paths of all requests that change something, without those that are only tried.
  func changes() throws -> [String] {
    try cluster.requests().filter { $0.method != "GET" && $0.query["dryRun"] == nil }.map { request in
      "\(request.method) \(request.path.replacingOccurrences(of: "/namespaces/cybus", with: ""))"
    }
  }
}
