import Credentials
import Foundation
import Kubernetes
import PKITestKit
import Synchronization
import Testing

@Suite("Restarting workloads")
struct RolloutTests {
  static let time = Date(timeIntervalSince1970: 1_782_864_000)
  static let pacing = Rollout.Pacing(interval: .milliseconds(2), deadline: .seconds(600))

  static func workload(_ kind: String, _ name: String, spec: String = #""replicas": 2"#, mode: String = "done")
    -> String
  {
    #"{"kind": "\#(kind)", "metadata": {"name": "\#(name)", "namespace": "org-1", "annotations": {"stub/rollout": "\#(mode)"}}, "spec": {\#(spec), "template": {"metadata": {}}}}"#
  }

  static func server(_ objects: String...) throws -> StubAPIServer {
    try StubAPIServer(state: #"{"objects": [\#(objects.joined(separator: ","))]}"#)
  }

  @Test("workloads are restarted in order, each when the one before it is done, with progress")
  func order() async throws {
    let server = try Self.server(
      Self.workload("Deployment", "orchestrator-server"), Self.workload("StatefulSet", "agent"))
    let workloads = [
      Workload(.deployment, namespace: "org-1", name: "orchestrator-server"),
      Workload(.statefulSet, namespace: "org-1", name: "agent"),
    ]
    let seen = Collected<String>()
    let results = try await Rollout(server.client(), pacing: Self.pacing).restart(workloads, at: Self.time) {
      seen.append("\($0.name): \($1)")
    }
    #expect(results.map(\.outcome) == [.done, .done])
    let names = seen.values.map { $0.prefix { $0 != ":" } }
    #expect(names == names.sorted(by: >))
    #expect(seen.values.contains { $0.contains("1 old pods have not ended yet") })
    #expect(seen.values.count > 6)
    let patches = try server.writes()
    #expect(patches.map(\.path.lastPart) == ["orchestrator-server", "agent"])
    let lastPoll = try server.requests().lastIndex { $0.path.hasSuffix("orchestrator-server") }
    let secondPatch = try server.requests().firstIndex { $0.method == "PATCH" && $0.path.hasSuffix("agent") }
    #expect(try #require(lastPoll) < #require(secondPatch))
  }

  @Test("the patch is the one that kubectl sends")
  func patch() async throws {
    let server = try Self.server(Self.workload("Deployment", "ours"), Self.workload("Deployment", "theirs"))
    let ours = Workload(.deployment, namespace: "org-1", name: "ours")
    try await Rollout(server.client(), pacing: Self.pacing).restart([ours], at: Self.time)
    #expect(try server.kubectl("rollout", "restart", "deployment", "theirs").status == 0)
    let patches = try server.writes()
    #expect(patches.map(\.contentType) == Array(repeating: "application/strategic-merge-patch+json", count: 2))
    let bodies = try patches.map { request -> [String: String]? in
      let body = try JSONSerialization.jsonObject(with: Data(request.body.utf8)) as? [String: [String: Any]]
      let template = body?["spec"]?["template"] as? [String: [String: Any]]
      return template?["metadata"]?["annotations"] as? [String: String]
    }
    #expect(bodies[0] == ["kubectl.kubernetes.io/restartedAt": "2026-07-01T00:00:00Z"])
    #expect(bodies[1]?.keys == bodies[0]?.keys)
  }

  @Test("the same time again restarts nothing")
  func again() async throws {
    let server = try Self.server(Self.workload("Deployment", "d"))
    let rollout = Rollout(try server.client(), pacing: Self.pacing)
    let workload = Workload(.deployment, namespace: "org-1", name: "d")
    func generation() throws -> Int? {
      let object = try server.object("/apis/apps/v1/namespaces/org-1/deployments/d")
      return (object?["metadata"] as? [String: any Sendable])?["generation"] as? Int
    }
    try await rollout.restart([workload], at: Self.time)
    let first = try generation()
    try await rollout.restart([workload], at: Self.time)
    #expect(try generation() == first)
    #expect(first == 2)
  }

  @Test("a workload that isn't there has nothing to restart")
  func absent() async throws {
    let server = try StubAPIServer()
    let workload = Workload(.statefulSet, namespace: "org-1", name: "none")
    let results = try await Rollout(server.client(), pacing: Self.pacing).restart([workload], at: Self.time)
    #expect(results == [.init(workload: workload, outcome: .absent)])
  }

  @Test("a rollout that fails ends it: what comes after is left as it was")
  func failing() async throws {
    let server = try Self.server(
      Self.workload("Deployment", "bad", mode: "fail"), Self.workload("Deployment", "next"))
    let workloads = ["bad", "next"].map { Workload(.deployment, namespace: "org-1", name: $0) }
    let error = await failure {
      try await Rollout(server.client(), pacing: Self.pacing).restart(workloads, at: Self.time)
    }
    #expect(
      error?.message
        == "the restart of Deployment org-1/bad failed: ReplicaSet \"bad-2\" has timed out progressing.")
    #expect(error?.hint == "kubectl -n org-1 describe deployment bad")
    #expect(error?.kind == .environment)
    #expect(try server.writes().map(\.path.lastPart) == ["bad"])
  }

  @Test("a rollout that gets stuck is waited for until the deadline, and the error says where it stands")
  func stuck() async throws {
    let server = try Self.server(Self.workload("Deployment", "d", mode: "stuck"))
    let rollout = Rollout(try server.client(), pacing: .init(interval: .milliseconds(2), deadline: .zero))
    let workload = Workload(.deployment, namespace: "org-1", name: "d")
    let error = await failure { try await rollout.restart([workload], at: Self.time) }
    #expect(
      error == .rolloutTimedOut(workload, after: .zero, last: "0 of 2 pods are new"))
  }

  @Test("a StatefulSet that is updated on deletion, and one with a partition, are the operator's to finish")
  func operators() async throws {
    let server = try Self.server(
      Self.workload("StatefulSet", "manual", spec: #""replicas": 2, "updateStrategy": {"type": "OnDelete"}"#),
      Self.workload(
        "StatefulSet", "split", spec: #""replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}"#))
    let workloads = ["manual", "split"].map { Workload(.statefulSet, namespace: "org-1", name: $0) }
    let results = try await Rollout(server.client(), pacing: Self.pacing).restart(workloads, at: Self.time)
    #expect(
      results.map(\.outcome) == [
        .needsOperator("its update strategy is OnDelete: delete its pods, one after the other"),
        .needsOperator("2 pods stay as they are: its partition is 2"),
      ])
  }

  /// Status fields, and whether the rollout is done.
  static let deployments: [(String, Bool)] = [
    (#""replicas": 2, "updatedReplicas": 2, "availableReplicas": 2"#, true),
    (#""replicas": 2, "updatedReplicas": 1, "availableReplicas": 2"#, false),
    (#""replicas": 3, "updatedReplicas": 2, "availableReplicas": 2"#, false),
    (#""replicas": 2, "updatedReplicas": 2, "availableReplicas": 1"#, false),
    (#""replicas": 2, "updatedReplicas": 2"#, false),
  ]
  static let statefulSets: [(String, Bool)] = [
    (#""replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "currentRevision": "b", "updateRevision": "b""#, true),
    (#""replicas": 2, "updatedReplicas": 1, "readyReplicas": 2, "currentRevision": "a", "updateRevision": "b""#, false),
    (#""replicas": 2, "updatedReplicas": 2, "readyReplicas": 1, "currentRevision": "b", "updateRevision": "b""#, false),
  ]

  @Test("done is what kubectl rollout status calls done")
  func sameAsKubectl() throws {
    var objects: [String] = []
    for (kind, cases) in [("Deployment", Self.deployments), ("StatefulSet", Self.statefulSets)] {
      for (index, entry) in cases.enumerated() {
        for observed in index == 0 ? [1, 2] : [2] {
          let status = #"{"observedGeneration": \#(observed), \#(entry.0)}"#
          let metadata =
            #"{"name": "w\#(index)-\#(observed)", "namespace": "org-1", "generation": 2, "annotations": {"stub/frozen": "yes"}}"#
          objects.append(
            #"{"apiVersion": "apps/v1", "kind": "\#(kind)", "metadata": \#(metadata), "spec": {"replicas": 2, "updateStrategy": {"type": "RollingUpdate"}}, "status": \#(status)}"#
          )
        }
      }
    }
    let server = try StubAPIServer(state: #"{"objects": [\#(objects.joined(separator: ","))]}"#)
    for text in objects {
      let object = try #require(JSONValue.decode(Array(text.utf8)))
      let kind = try #require(object["kind"]?.string.flatMap(Workload.Kind.init))
      let name = try #require(object["metadata"]?["name"]?.string)
      let kubectl = try server.kubectl("rollout", "status", "--watch=false", "\(kind.rawValue.lowercased())/\(name)")
      #expect(kubectl.status == 0, "\(kubectl.errors)")
      let isDone = kubectl.text.contains("successfully rolled out") || kubectl.text.contains("rolling update complete")
      #expect((RolloutStatus.of(object, kind: kind) == .done) == isDone, "\(kubectl.text) \(text)")
    }
  }

  @Test("a paused Deployment, and one that nobody has looked at, are not done")
  func unusual() throws {
    let paused = try #require(
      JSONValue.decode(
        Array(#"{"spec": {"paused": true}, "status": {"observedGeneration": 1, "replicas": 1}}"#.utf8)))
    #expect(RolloutStatus.of(paused, kind: .deployment) == .needsOperator("it is paused: resume its rollout"))
    #expect(RolloutStatus.of([:], kind: .deployment) == .waiting("the controller has not seen the change yet"))
    #expect(RolloutStatus.of("x", kind: .statefulSet) == .waiting("the controller has not seen the change yet"))
    let none = try #require(
      JSONValue.decode(Array(#"{"spec": {"replicas": 0}, "status": {"observedGeneration": 1}}"#.utf8)))
    #expect(RolloutStatus.of(none, kind: .deployment) == .done)
  }
}

/// What a callback was called with.
final class Collected<Value: Sendable>: Sendable {
  private let storage = Mutex<[Value]>([])

  func append(_ value: Value) { storage.withLock { $0.append(value) } }

  var values: [Value] { storage.withLock { $0 } }
}

extension String {
  /// The last part of a path.
  var lastPart: String { String(split(separator: "/").last ?? "") }
}
