import Credentials
import Foundation
import Kubernetes
import PKITestKit
import Testing

@Suite("Applying objects to a cluster")
struct ApplicationTests {
  static let labels = ["app.kubernetes.io/managed-by": "countersign", "countersign.dev/fleet": "f"]

  @Test("what isn't there is planned as new, applied, and unchanged from then on")
  func create() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    let items = [item("a", ["k": "1"], labels: Self.labels), item("b", ["k": "2"], labels: Self.labels)]
    let plan = try await application.plan(items)
    #expect(plan.map(\.action) == [.create, .create])
    #expect(try server.writes().isEmpty)
    let progress = Collected<ObjectReference>()
    #expect(try await application.apply(plan, .init()) { progress.append($0) } == items.map(\.object))
    #expect(Set(progress.values) == Set(items.map(\.object)))
    let version = try Self.version(server, "a")
    let again = try await application.plan(items)
    #expect(again.map(\.action) == [.unchanged, .unchanged])
    #expect(try await application.apply(again, .init()).isEmpty)
    #expect(try server.writes().count == 2)
    #expect(try Self.version(server, "a") == version)
  }

  @Test("a change is planned by the names of its fields, and nothing else of the object is touched")
  func update() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    try await application.apply(application.plan([item("a", ["tls.crt": "1", "old": "x"])]), .init())
    #expect(try server.kubectl("annotate", "secret", "a", "note=theirs").status == 0)
    let plan = try await application.plan([item("a", ["tls.crt": "2", "new": "y"], labels: Self.labels)])
    #expect(
      plan.map(\.action) == [
        .update([
          "data.new", "data.old", #"data["tls.crt"]"#, #"metadata.labels["app.kubernetes.io/managed-by"]"#,
          #"metadata.labels["countersign.dev/fleet"]"#,
        ])
      ])
    try await application.apply(plan, .init())
    #expect(try server.data("\(secretsPath)/a") == ["tls.crt": "Mg==", "new": "eQ=="])
    let metadata = try server.object("\(secretsPath)/a")?["metadata"] as? [String: any Sendable]
    #expect(metadata?["annotations"] as? [String: String] == ["note": "theirs"])
  }

  @Test("an object of another manager with the same content becomes ours as well, once")
  func adoption() async throws {
    let server = try StubAPIServer(state: Self.existing(data: ["k": "MQ=="]))
    let application = try server.application()
    let plan = try await application.plan([item("a", ["k": "1"])])
    #expect(plan.map(\.action) == [.update(["metadata.managedFields"])])
    try await application.apply(plan, .init())
    #expect(try await application.plan([item("a", ["k": "1"])]).map(\.action) == [.unchanged])
  }

  @Test("with one object in conflict none is written; with permission all are")
  func conflict() async throws {
    let server = try StubAPIServer(state: Self.existing(data: ["k": "dGhlaXJz"]))
    let application = try server.application()
    let items = [item("new", ["k": "1"]), item("a", ["k": "1"])]
    let plan = try await application.plan(items)
    #expect(plan[0].action == .create)
    #expect(
      plan[1].action
        == .conflict([FieldConflict(field: ".data.k", manager: "kubectl-create")], changes: ["data.k"]))
    let error = await failure { try await application.apply(plan, .init()) }
    #expect(error?.message == "nothing was written: Secret org-1/a: .data.k set by \"kubectl-create\"")
    #expect(error?.hint?.contains("--force-conflicts") == true)
    #expect(error?.kind == .refused)
    #expect(try server.writes().isEmpty)
    try await application.apply(plan, .init(force: true))
    #expect(try server.data("\(secretsPath)/a") == ["k": "MQ=="])
    #expect(try server.data("\(secretsPath)/new") == ["k": "MQ=="])
    #expect(try await application.plan(items).map(\.action) == [.unchanged, .unchanged])
  }

  @Test("what somebody sets after the plan is not taken over, even with permission for other conflicts")
  func lateConflict() async throws {
    let server = try StubAPIServer(state: Self.existing(data: ["k": "dGhlaXJz"]))
    let application = try server.application()
    try await application.apply(application.plan([item("b", ["k": "1"])]), .init())
    let plan = try await application.plan([item("a", ["k": "1"]), item("b", ["k": "2"])])
    let patch = #"{"data": {"k": "bGF0ZQ=="}}"#
    #expect(try server.kubectl("patch", "secret", "b", "-p", patch).status == 0)
    let error = await failure { try await application.apply(plan, .init(force: true)) }
    let conflict = KubernetesError.conflict(
      secret("b"), [FieldConflict(field: ".data.k", manager: "kubectl-patch")])
    #expect(
      error
        == .incomplete(done: [secret("a")], failures: [.init(object: secret("b"), error: conflict)], untried: []))
    #expect(try server.data("\(secretsPath)/b") == ["k": "bGF0ZQ=="])
  }

  @Test("plans and errors that are printed by mistake show no secret")
  func printing() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    let plan = try await application.plan([item("tls", ["tls.crt": "hush"], type: "kubernetes.io/tls")])
    let error = try #require(await failure { try await application.apply(plan, .init()) })
    let live = try await application.client.apply(
      secret("a"), configuration: item("a", ["k": "hush"]).configuration, options: .init())
    for value in ["hush", Data("hush".utf8).base64EncodedString(), "104, 117, 115", StubAPIServer.token] {
      var dumped = "\(plan) \(error) \(live) \(application.client.access)"
      dump(plan, to: &dumped)
      dump(error, to: &dumped)
      dump(live, to: &dumped)
      dump(application.client.access, to: &dumped)
      #expect(!dumped.contains(value))
    }
  }

  @Test("all objects that are refused are named, and none is written")
  func refused() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    let plan = try await application.plan([
      item("good", ["k": "1"]), item("tls", ["tls.crt": "1"], type: "kubernetes.io/tls"),
      item("lost", ["k": "1"], namespace: "nowhere"),
    ])
    let error = await failure { try await application.apply(plan, .init(force: true, replace: true)) }
    #expect(
      error?.message
        == "nothing was written: Secret org-1/tls is invalid: data[tls.key]: it is required; Secret nowhere/lost is not there: namespaces \"nowhere\" not found"
    )
    #expect(error?.hint == "create the namespace first")
    #expect(error?.kind == .refused)
    #expect(try server.writes().isEmpty)
  }

  @Test("a Secret of another type is replaced only with permission, and is then another object")
  func replace() async throws {
    let server = try StubAPIServer(state: Self.existing(data: ["tls.crt": "MQ==", "tls.key": "MQ=="]))
    let application = try server.application()
    let plan = try await application.plan([item("a", ["tls.crt": "2", "tls.key": "2"], type: "kubernetes.io/tls")])
    #expect(plan.map(\.action) == [.replace(from: "Opaque", to: "kubernetes.io/tls")])
    let former = try #require(plan[0].live?.uid)
    let error = await failure { try await application.apply(plan, .init(force: true)) }
    #expect(
      error?.message
        == "nothing was written: Secret org-1/a would change its type from Opaque to kubernetes.io/tls")
    #expect(error?.hint?.contains("--replace") == true)
    #expect(try server.writes().isEmpty)
    try await application.apply(plan, .init(replace: true))
    let object = try #require(try server.object("\(secretsPath)/a"))
    #expect(object["type"] as? String == "kubernetes.io/tls")
    #expect((object["metadata"] as? [String: any Sendable])?["uid"] as? String != former)
    #expect(try server.writes().first?.body.contains(former) == true)
  }

  @Test("an object that is another one since the plan is not replaced")
  func replacedMeanwhile() async throws {
    let server = try StubAPIServer(state: Self.existing(data: ["k": "MQ=="]))
    let application = try server.application()
    let plan = try await application.plan([item("a", ["tls.crt": "2", "tls.key": "2"], type: "kubernetes.io/tls")])
    #expect(try server.kubectl("delete", "secret", "a", "--wait=false").status == 0)
    let theirs = #"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "Mg=="}}"#
    #expect(try server.kubectl("create", "--validate=false", "-f", "-", input: theirs).status == 0)
    let error = await failure { try await application.apply(plan, .init(replace: true)) }
    #expect(
      error
        == .incomplete(
          done: [], failures: [.init(object: secret("a"), error: .changedMeanwhile(secret("a")))], untried: []))
    #expect(try server.data("\(secretsPath)/a") == ["k": "Mg=="])
  }

  @Test("when the new object is refused after the old one was deleted, the old one is put back")
  func restoration() async throws {
    let server = try StubAPIServer(state: Self.existing(data: ["k": "b2xk"]))
    let application = try server.application()
    let plan = try await application.plan([item("a", ["tls.crt": "2", "tls.key": "2"], type: "kubernetes.io/tls")])
    try server.setFaults(#"[{"method": "PATCH", "path": "secrets/a", "status": 403, "message": "no"}]"#)
    let error = await failure { try await application.apply(plan, .init(replace: true)) }
    #expect(
      error?.message
        == "1 of 1 objects are not done: not allowed to patch secrets in namespace org-1: no")
    #expect(try server.data("\(secretsPath)/a") == ["k": "b2xk"])
  }

  @Test("when one object fails at the last moment the others are written, and both are told")
  func incomplete() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    let plan = try await application.plan([item("a", ["k": "1"]), item("b", ["k": "1"]), item("c", ["k": "1"])])
    try server.setFaults(#"[{"method": "PATCH", "path": "secrets/b", "status": 403, "message": "no"}]"#)
    let error = await failure { try await application.apply(plan, .init()) }
    guard case .incomplete(let written, let failures, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(written.map(\.name) == ["a", "c"])
    #expect(failures.map(\.object.name) == ["b"])
    #expect(error?.kind == .refused)
  }

  @Test("credentials that are refused end a plan at once")
  func strangers() async throws {
    let server = try StubAPIServer()
    let path = try server.kubeconfig(user: "token: wrong")
    let stranger = ClusterApplication(try server.client(kubeconfig: path))
    let error = await failure { try await stranger.plan((0..<50).map { item("s\($0)", ["k": "1"]) }) }
    #expect(error?.message.hasPrefix("the API server does not accept the credentials") == true)
    #expect(try server.requests().count < 20)
  }

  @Test("a server that breaks down midway ends the apply, and the error names what is done and what isn't")
  func breakdown() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    let items = (0..<40).map { item("s\($0)", ["k": "1"]) }
    let plan = try await application.plan(items)
    try server.setFaults(#"[{"method": "PATCH", "skip": 10, "status": 503}]"#)
    let error = await failure { try await application.apply(plan, .init()) }
    guard case .incomplete(let done, let failures, let untried)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(done.count == 10)
    #expect(!failures.isEmpty && !untried.isEmpty)
    #expect(Set(done + failures.map(\.object) + untried) == Set(items.map(\.object)))
    #expect(error?.kind == .environment)
    try server.setFaults("[]")
    let rest = try await application.plan(items)
    #expect(rest.filter { $0.action == .unchanged }.count == 10)
    try await application.apply(rest, .init())
    #expect(try await application.plan(items).allSatisfy { !$0.isPending })
  }

  @Test("only what carries the fleet's labels and is not named any more is prunable, in the namespaces given")
  func pruning() async throws {
    let server = try StubAPIServer(
      state: """
        {"namespaces": ["org-1", "org-2"], "objects": [
          {"kind": "Secret", "metadata": {"name": "theirs", "namespace": "org-1"}},
          {"kind": "Secret", "metadata": {"name": "other-fleet", "namespace": "org-1", "labels":
            {"app.kubernetes.io/managed-by": "countersign", "countersign.dev/fleet": "g"}}},
          {"kind": "ConfigMap", "metadata": {"name": "gone", "namespace": "org-1", "labels":
            {"app.kubernetes.io/managed-by": "countersign", "countersign.dev/fleet": "f"}}},
          {"kind": "Secret", "metadata": {"name": "elsewhere", "namespace": "org-2", "labels":
            {"app.kubernetes.io/managed-by": "countersign", "countersign.dev/fleet": "f"}}}]}
        """)
    let application = try server.application()
    try await application.apply(
      application.plan([item("kept", ["k": "1"], labels: Self.labels), item("gone", ["k": "1"], labels: Self.labels)]),
      .init())
    let selector = LabelSelector(Self.labels)
    let found = try await application.prunable(selector, namespaces: ["org-1"], keeping: [secret("kept")])
    #expect(found.map(\.object.description) == ["ConfigMap org-1/gone", "Secret org-1/gone"])
    #expect(try await application.prunable([:], namespaces: ["org-1"], keeping: []).isEmpty)
    // Whoever changes it meanwhile keeps it.
    #expect(try server.kubectl("annotate", "secret", "gone", "note=mine").status == 0)
    let error = await failure { try await application.delete(found) }
    #expect(
      error
        == .incomplete(
          done: [found[0].object],
          failures: [.init(object: secret("gone"), error: .changedMeanwhile(secret("gone")))], untried: []))
    #expect(try server.object("/api/v1/namespaces/org-1/configmaps/gone") == nil)
    #expect(try server.object("\(secretsPath)/gone") != nil)
    let rest = try await application.prunable(selector, namespaces: ["org-1", "org-2"], keeping: [secret("kept")])
    try await application.delete(rest)
    #expect(try server.object("\(secretsPath)/gone") == nil)
    #expect(try server.object("\(secretsPath)/other-fleet") != nil)
    #expect(try server.object("\(secretsPath)/theirs") != nil)
    #expect(try server.object("\(secretsPath)/kept") != nil)
  }

  @Test("a release's StatefulSets are found by the label that Helm sets")
  func statefulSets() async throws {
    let server = try StubAPIServer(
      state: """
        {"objects": [
          {"kind": "StatefulSet", "metadata": {"name": "agents-b", "namespace": "cybus", "labels":
            {"app.kubernetes.io/instance": "agents"}}, "spec": {"replicas": 1}},
          {"kind": "StatefulSet", "metadata": {"name": "agents-a", "namespace": "cybus", "labels":
            {"app.kubernetes.io/instance": "agents"}}, "spec": {"replicas": 1}},
          {"kind": "StatefulSet", "metadata": {"name": "broker", "namespace": "cybus", "labels":
            {"app.kubernetes.io/instance": "connectware"}}, "spec": {"replicas": 1}}]}
        """)
    let names = try await server.application().statefulSets(namespace: "cybus", release: "agents")
    #expect(names == ["agents-a", "agents-b"])
  }

  /// A Secret `a` that kubectl has made.
  static func existing(data: [String: String]) -> String {
    let values = data.map { #""\#($0.key)": "\#($0.value)""# }.joined(separator: ",")
    return #"{"objects": [{"kind": "Secret", "metadata": {"name": "a", "namespace": "org-1"}, "data": {\#(values)}}]}"#
  }

  static func version(_ server: StubAPIServer, _ name: String) throws -> String? {
    (try server.object("\(secretsPath)/\(name)")?["metadata"] as? [String: any Sendable])?["resourceVersion"] as? String
  }
}
