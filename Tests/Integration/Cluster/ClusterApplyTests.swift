import Foundation
import PKITestKit
import Testing

@Suite("apply --kubernetes")
struct ClusterApplyTests {
  private static let secrets = ClusterFleet.names.map { "\($0)-mtls" }

  @Test("objects are applied as countersign, and what reads them restarts afterwards, in order")
  func first() throws {
    let fleet = try ClusterFleet()
    let output = try fleet.apply()
    #expect(output.status == 0, "\(output.text)\(output.errors)")
    let changes = try fleet.changes()
    #expect(
      changes.suffix(2) == ClusterFleet.names.map { "PATCH /apis/apps/v1/statefulsets/\($0)" }, "\(changes)")
    #expect(
      Set(changes.dropLast(2)) == [
        "PATCH /api/v1/secrets/\(Self.secrets[0])", "PATCH /api/v1/secrets/\(Self.secrets[1])",
        "PATCH /api/v1/configmaps/connectware-agent-mtls-ca-cert",
      ])
    for request in try fleet.cluster.requests()
    where request.method == "PATCH" && !request.path.contains("statefulsets") {
      #expect(request.query["fieldManager"] == "countersign")
      #expect(request.contentType == "application/apply-patch+yaml")
    }
    let secret = try #require(try fleet.secret(Self.secrets[0]))
    #expect(secret["type"] as? String == "kubernetes.io/tls")
    let metadata = try #require(secret["metadata"] as? [String: any Sendable])
    #expect(
      metadata["labels"] as? [String: String]
        == ["app.kubernetes.io/managed-by": "countersign", "countersign.dev/fleet": "example-ca"])
    let data = try #require(secret["data"] as? [String: String])
    let file = try fleet.workspace.text("out/connectware/bender-robots/tls.crt")
    #expect(data["tls.crt"].flatMap { Data(base64Encoded: $0) } == Data(file.utf8))
  }

  @Test("a second run changes nothing and restarts nothing")
  func second() throws {
    let fleet = try ClusterFleet()
    #expect(try fleet.apply().status == 0)
    let before = try fleet.changes().count
    let output = try fleet.apply()
    #expect(output.status == 0 && output.text.contains("3 unchanged"), "\(output.text)")
    #expect(try fleet.changes().count == before)
  }

  @Test("one agent's new certificate restarts that agent alone")
  func oneAgent() throws {
    let fleet = try ClusterFleet()
    #expect(try fleet.apply().status == 0)
    let before = try fleet.changes().count
    #expect(try fleet.apply("--reissue", "welder-robots").status == 0)
    #expect(
      try fleet.changes().dropFirst(before) == [
        "PATCH /api/v1/secrets/\(Self.secrets[1])", "PATCH /apis/apps/v1/statefulsets/\(ClusterFleet.names[1])",
      ])
  }

  @Test("a restart that an interrupted run owes is done by the next one")
  func owedRestart() throws {
    let fleet = try ClusterFleet()
    try fleet.cluster.setFaults(#"[{"method": "PATCH", "path": "statefulsets", "status": 403}]"#)
    let refused = try fleet.apply()
    #expect(refused.status == 1 && refused.errors.contains("error: "), "\(refused.errors)")
    try fleet.cluster.setFaults("[]")
    let before = try fleet.changes().count
    #expect(try fleet.apply().status == 0)
    let owed = ClusterFleet.names.map { "PATCH /apis/apps/v1/statefulsets/\($0)" }
    #expect(Array(try fleet.changes().dropFirst(before)) == owed)
  }

  @Test("the names of Secrets follow the StatefulSets that the cluster has, and are remembered")
  func statefulSetNames() throws {
    let fleet = try ClusterFleet(statefulSets: ["plant-bender-robots", "plant-welder-robots"])
    let output = try fleet.apply()
    #expect(output.status == 0, "\(output.text)\(output.errors)")
    #expect(try fleet.secret("plant-bender-robots-mtls") != nil)
    #expect(
      try fleet.workspace.text("out/connectware/agents/values.yaml").contains(
        "existingSecret: plant-welder-robots-mtls"))
    try fleet.workspace.bash("countersign plan fleet.yaml --exit-code --quiet")
  }

  @Test("a field of somebody else's is a conflict, shown with its manager, and taken over only by force")
  func conflict() throws {
    let fleet = try ClusterFleet()
    let foreign = """
      {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "connectware-agent-mtls-ca-cert"},
       "data": {"ca-chain.pem": "somebody else's"}}
      """
    let made = try fleet.cluster.kubectl(
      ["-n", "cybus", "apply", "--server-side", "--field-manager=helm", "--validate=false", "-f", "-"], input: foreign)
    #expect(made.status == 0, "\(made.errors)")
    let refused = try fleet.apply()
    #expect(refused.status == 1)
    #expect(refused.errors.contains("set by \"helm\""), "\(refused.errors)")
    #expect(refused.errors.contains("hint: ") && refused.errors.contains("--force-conflicts"))
    // With one object in conflict, none is written.
    #expect(try fleet.secret(Self.secrets[0]) == nil)
    #expect(try fleet.apply("--force-conflicts").status == 0)
    #expect(try fleet.secret(Self.secrets[0]) != nil)
  }

  @Test("a Secret whose type changes is shown as replace, and done only with --replace")
  func replace() throws {
    let fleet = try ClusterFleet()
    let opaque = """
      {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "\(Self.secrets[0])"}}
      """
    #expect(
      try fleet.cluster.kubectl(
        ["-n", "cybus", "apply", "--server-side", "--validate=false", "-f", "-"], input: opaque
      ).status == 0)
    let refused = try fleet.apply()
    #expect(refused.status == 1)
    #expect(refused.errors.contains("replace  Secret cybus/\(Self.secrets[0])  (type Opaque to kubernetes.io/tls)"))
    #expect(refused.errors.contains("--replace"))
    #expect(try fleet.secret(Self.secrets[1]) == nil)
    #expect(try fleet.apply("--replace").status == 0)
    #expect(try fleet.secret(Self.secrets[0])?["type"] as? String == "kubernetes.io/tls")
  }

  @Test("pruning lists what the fleet file no longer names, asks, and deletes just that")
  func prune() throws {
    let fleet = try ClusterFleet()
    #expect(try fleet.apply().status == 0)
    let foreign = #"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "somebody-elses"}}"#
    #expect(
      try fleet.cluster.kubectl(
        ["-n", "cybus", "apply", "--server-side", "--validate=false", "-f", "-"], input: foreign
      ).status == 0)
    try fleet.write(agents: "bender-robots")
    for input in ["n\n", ""] {
      let kept = try fleet.apply("--prune", input: input)
      #expect(kept.status == 1)
      #expect(kept.errors.contains("Secret cybus/\(Self.secrets[1])"), "\(kept.errors)")
      #expect(kept.errors.contains("Delete 1 object? [y/N]"))
      #expect(try fleet.secret(Self.secrets[1]) != nil)
    }
    let pruned = try fleet.apply("--prune", input: "y\n")
    #expect(pruned.status == 0 && pruned.text.contains("deleted    Secret cybus/\(Self.secrets[1])"), "\(pruned.text)")
    #expect(try fleet.secret(Self.secrets[1]) == nil)
    #expect(try fleet.secret(Self.secrets[0]) != nil)
    #expect(try fleet.secret("somebody-elses") != nil)
  }

  @Test(
    "what the cluster refuses is one clear error, and nothing is written there",
    arguments: [
      (#"[{"path": "", "status": 401}]"#, Int32(1), "does not accept the credentials"),
      (#"[{"method": "PATCH", "path": "configmaps", "status": 422, "message": "too odd"}]"#, 1, "too odd"),
      (#"[{"method": "PATCH", "path": "secrets", "status": 409, "message": "somebody was faster"}]"#, 1, "somebody"),
      (#"[{"path": "", "status": 503}]"#, 3, "can't answer"),
    ])
  func refused(faults: String, status: Int32, words: String) throws {
    let fleet = try ClusterFleet()
    try fleet.cluster.setFaults(faults)
    let output = try fleet.apply()
    #expect(output.status == status, "\(output.errors)")
    #expect(output.errors.contains("error: ") && output.errors.contains(words), "\(output.errors)")
    #expect(!output.errors.contains(StubAPIServer.token))
    try fleet.cluster.setFaults("[]")
    for secret in Self.secrets { #expect(try fleet.secret(secret) == nil) }
    // The next run goes on where this one stopped, without another certificate.
    #expect(try fleet.apply().status == 0)
    let issued = try fleet.workspace.bash("sqlite3 home/ledger.db \"SELECT count(*) FROM certificates\"").text
    #expect(issued == "2\n")
  }

  @Test("an unreachable cluster, and one whose certificate isn't trusted, are said to be so")
  func unreachable() throws {
    let fleet = try ClusterFleet()
    for (kubeconfig, words) in [
      (try fleet.cluster.kubeconfig(server: "https://127.0.0.1:\(try ServerProcess.freePort())"), "refused"),
      (
        try fleet.cluster.kubeconfig(cluster: "certificate-authority: \(fleet.cluster.pki.path("other-ca.crt"))"),
        "trust"
      ),
    ] {
      let output = try fleet.workspace.countersign(
        ["apply", "fleet.yaml", "--no-passphrase", "--kubernetes", "--kubeconfig", kubeconfig])
      #expect(output.status == 3 || words == "trust" && output.status == 1, "\(output.status)")
      #expect(output.errors.contains("error: ") && output.errors.contains(words), "\(output.errors)")
      #expect(!FileManager.default.fileExists(atPath: fleet.workspace.file("out/connectware")))
    }
  }

  @Test("a context that the kubeconfig lacks is wrong usage")
  func context() throws {
    let fleet = try ClusterFleet()
    let output = try fleet.apply("--context", "elsewhere")
    #expect(output.status == 2, "\(output.errors)")
    #expect(output.errors.contains("elsewhere"))
  }
}
