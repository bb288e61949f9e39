import Credentials
import Foundation
import Kubernetes
import PKITestKit
import Testing

@Suite("The API client")
struct ClientTests {
  static func configuration(_ data: [String: String]) -> [UInt8] { item("tls", data).configuration }

  static func apply(
    _ client: KubernetesClient, _ data: [String: String], force: Bool = false, isDryRun: Bool = false
  ) async throws -> ClusterObject {
    try await client.apply(
      secret("tls"), configuration: configuration(data), options: .init(force: force, isDryRun: isDryRun))
  }

  @Test("an apply is a patch in the documented form, and stores the object")
  func apply() async throws {
    let server = try StubAPIServer()
    let stored = try await Self.apply(server.client(), ["a": "1"])
    #expect(try server.data("\(secretsPath)/tls") == ["a": "MQ=="])
    let object = try #require(try server.object("\(secretsPath)/tls"))
    #expect((object["metadata"] as? [String: any Sendable])?["uid"] as? String == stored.uid)
    let request = try #require(try server.writes().first)
    #expect(request.method == "PATCH")
    #expect(request.path == "\(secretsPath)/tls")
    #expect(request.query == ["fieldManager": "countersign", "force": "false"])
    #expect(request.contentType == "application/apply-patch+yaml")
  }

  @Test("a dry run stores nothing")
  func dryRun() async throws {
    let server = try StubAPIServer()
    _ = try await Self.apply(server.client(), ["a": "1"], isDryRun: true)
    #expect(try server.object("\(secretsPath)/tls") == nil)
    #expect(try server.requests().first?.query["dryRun"] == "All")
  }

  @Test("a field that we applied and no longer name is removed, one that we never set stays")
  func removal() async throws {
    let server = try StubAPIServer()
    let client = try server.client()
    _ = try await Self.apply(client, ["a": "1", "b": "2"])
    let patch = #"{"data": {"theirs": "eA=="}}"#
    #expect(try server.kubectl("patch", "secret", "tls", "-p", patch).status == 0)
    _ = try await Self.apply(client, ["a": "1"])
    #expect(try server.data("\(secretsPath)/tls") == ["a": "MQ==", "theirs": "eA=="])
  }

  @Test("a field that kubectl has changed is a conflict with field and manager, and force takes it over")
  func conflict() async throws {
    let server = try StubAPIServer()
    let client = try server.client()
    _ = try await Self.apply(client, ["tls.crt": "1", "tls.key": "1"])
    let patch = #"{"data": {"tls.crt": "eA=="}}"#
    #expect(try server.kubectl("patch", "secret", "tls", "-p", patch).status == 0)
    let error = await failure { try await Self.apply(client, ["tls.crt": "2", "tls.key": "2"]) }
    #expect(error == .conflict(secret("tls"), [FieldConflict(field: ".data.tls.crt", manager: "kubectl-patch")]))
    #expect(error?.message == "Secret org-1/tls: .data.tls.crt set by \"kubectl-patch\"")
    #expect(error?.kind == .refused)
    #expect(try server.data("\(secretsPath)/tls") == ["tls.crt": "eA==", "tls.key": "MQ=="])
    _ = try await Self.apply(client, ["tls.crt": "2", "tls.key": "2"], force: true)
    #expect(try server.data("\(secretsPath)/tls") == ["tls.crt": "Mg==", "tls.key": "Mg=="])
    _ = try await Self.apply(client, ["tls.crt": "3", "tls.key": "3"])
  }

  @Test("a deletion names the object's uid: another object of that name stays")
  func deletion() async throws {
    let server = try StubAPIServer()
    let client = try server.client()
    let first = try await Self.apply(client, ["a": "1"])
    let other = await failure { try await client.delete(secret("tls"), .init(uid: "another")) }
    #expect(other == .changedMeanwhile(secret("tls")))
    #expect(other?.kind == .refused)
    _ = try await Self.apply(client, ["a": "2"])
    let stale = await failure {
      try await client.delete(secret("tls"), .init(uid: first.uid, resourceVersion: first.resourceVersion))
    }
    #expect(stale == .changedMeanwhile(secret("tls")))
    try await client.delete(secret("tls"), .init(uid: first.uid))
    #expect(try server.object("\(secretsPath)/tls") == nil)
    try await client.delete(secret("tls"), .init(uid: first.uid))
  }

  @Test("a list goes through all pages, asks for no data, and knows its objects' versions")
  func paging() async throws {
    let objects = (0..<7).map { index in
      #"{"kind": "Secret", "metadata": {"name": "s\#(index)", "namespace": "org-1", "labels": {"a": "\#(index % 2)"}}, "data": {"k": "aHVzaA=="}}"#
    }
    let server = try StubAPIServer(
      state: #"{"namespaces": ["org-1"], "pageLimit": 2, "objects": [\#(objects.joined(separator: ","))]}"#)
    let client = try server.client()
    let listed = try await client.list(.secret, namespace: "org-1", labelSelector: ["a": "0"])
    #expect(listed.map(\.object.name) == ["s0", "s2", "s4", "s6"])
    let requests = try server.requests()
    #expect(requests.count == 2)
    #expect(requests[1].query["continue"] != nil)
    #expect(requests.allSatisfy { $0.query["labelSelector"] == "a=0" && $0.accept?.contains("Metadata") == true })
    for entry in listed { try await client.delete(entry.object, entry.preconditions) }
    #expect(try await client.list(.secret, namespace: "org-1", labelSelector: ["a": "0"]).isEmpty)
  }

  @Test("a list that expires while it is read begins anew, and one that never ends is given up")
  func expiry() async throws {
    let objects = (0..<3).map { #"{"kind": "ConfigMap", "metadata": {"name": "c\#($0)", "namespace": "org-1"}}"# }
    let server = try StubAPIServer(
      state: #"{"namespaces": ["org-1"], "pageLimit": 1, "objects": [\#(objects.joined(separator: ","))]}"#)
    let client = try server.client()
    try server.setFaults(#"[{"path": "continue=", "status": 410, "times": 1}]"#)
    #expect(try await client.list(.configMap, namespace: "org-1", labelSelector: [:]).count == 3)
    try server.setFaults(#"[{"path": "continue=", "status": 410, "id": 2}]"#)
    let error = await failure { try await client.list(.configMap, namespace: "org-1", labelSelector: [:]) }
    #expect(error?.message == "can't list configmaps: the list expires while it is read")
  }

  @Test("overload and internal errors are waited out, and named when they stay", arguments: [429, 500, 503])
  func retries(status: Int) async throws {
    let server = try StubAPIServer()
    try server.setFaults(#"[{"path": "secrets/tls", "status": \#(status), "retryAfter": 0, "times": 3}]"#)
    _ = try await Self.apply(server.client(), ["a": "1"])
    #expect(try server.requests().count == 4)
    try server.setFaults(#"[{"path": "secrets/tls", "status": \#(status), "id": "again"}]"#)
    let error = await failure { try await Self.apply(server.client(), ["a": "2"]) }
    #expect(error?.message.hasPrefix("the API server can't answer (\(status), 5 attempts)") == true)
    #expect(error?.kind == .environment)
    #expect(try server.requests().count == 9)
  }

  @Test("a connection that breaks is made anew")
  func broken() async throws {
    let server = try StubAPIServer()
    try server.setFaults(#"[{"path": "secrets/tls", "close": true, "times": 2}]"#)
    _ = try await Self.apply(server.client(), ["a": "1"])
    #expect(try server.data("\(secretsPath)/tls") == ["a": "MQ=="])
    try server.setFaults(#"[{"path": "secrets/tls", "close": true, "id": "again"}]"#)
    let error = await failure { try await Self.apply(server.client(), ["a": "1"]) }
    #expect(error?.message.hasPrefix("the connection to 127.0.0.1:\(server.port) broke") == true)
    #expect(error?.kind == .environment)
  }

  @Test("a 401 names the user of the kubeconfig and never the token")
  func unauthorized() async throws {
    let server = try StubAPIServer()
    let path = try server.kubeconfig(user: "token: hush-hush-hush")
    let error = await failure { try await server.client(kubeconfig: path).get(secret("tls")) }
    #expect(error?.message == "the API server does not accept the credentials of user 'stub-user' of \(path)")
    #expect(error?.kind == .refused)
    #expect(error?.text.contains("hush") == false)
  }

  @Test("a 403 names the verb and the resource that a role would have to permit")
  func forbidden() async throws {
    let server = try StubAPIServer()
    try server.setFaults(#"[{"method": "PATCH", "status": 403, "message": "User \"joe\" cannot patch"}]"#)
    let error = await failure { try await Self.apply(server.client(), ["a": "1"]) }
    #expect(error?.message == "not allowed to patch secrets in namespace org-1: User \"joe\" cannot patch")
    #expect(error?.hint == "have a role bound that permits patch on secrets in namespace org-1")
    #expect(error?.kind == .refused)
    #expect(try server.requests().count == 1)
  }

  @Test("a namespace that isn't there is said to be the cause")
  func namespace() async throws {
    let server = try StubAPIServer()
    let lost = item("tls", ["a": "1"], namespace: "nowhere")
    let error = await failure {
      try await server.client().apply(lost.object, configuration: lost.configuration, options: .init())
    }
    #expect(error?.message == "Secret nowhere/tls is not there: namespaces \"nowhere\" not found")
    #expect(error?.hint == "create the namespace first")
  }

  @Test("a 422 says which fields, and nothing of their values")
  func invalid() async throws {
    let server = try StubAPIServer()
    let client = try server.client()
    let noKey = item("tls", ["tls.crt": "hush-hush-hush"], type: "kubernetes.io/tls")
    let missing = await failure {
      try await client.apply(noKey.object, configuration: noKey.configuration, options: .init())
    }
    #expect(missing?.message == "Secret org-1/tls is invalid: data[tls.key]: it is required")
    #expect(missing?.kind == .refused)
    let badName = item("Tls_", ["a": "hush-hush-hush"])
    let name = await failure {
      try await client.apply(badName.object, configuration: badName.configuration, options: .init())
    }
    #expect(name?.message.hasPrefix("Secret org-1/Tls_ is invalid: metadata.name: Invalid value: \"Tls_\"") == true)
    let large = item("tls", ["a": String(repeating: "x", count: 1 << 21)])
    let size = await failure {
      try await client.apply(large.object, configuration: large.configuration, options: .init())
    }
    #expect(size?.message == "Secret org-1/tls is invalid: data: it is too large")
  }

  @Test("a server that quotes what it was sent gives nothing away in our error")
  func redaction() async throws {
    let server = try StubAPIServer()
    let client = try server.client()
    let object = """
      {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "org-1"},
       "data": {"tls.key": "not base64: hush-hush-hush"}}
      """
    let quoted = await failure {
      try await client.apply(secret("tls"), configuration: Array(object.utf8), options: .init())
    }
    #expect(quoted?.message.contains("illegal base64 data") == true)
    #expect(quoted?.text.contains("hush") == false)
    let value = "a-long-private-key-0123456789"
    let encoded = Data(value.utf8).base64EncodedString()
    let said = #"value \"\#(encoded.prefix(20))\" of \"\#(value)\" by \#(StubAPIServer.token)\u001b[31m\nnext"#
    try server.setFaults(#"[{"method": "PATCH", "status": 400, "message": "\#(said)"}]"#)
    let error = await failure { try await Self.apply(client, ["a": value]) }
    #expect(
      error?.message
        == "the API server refused to patch Secret org-1/tls (400): value \"[redacted]\" of \"[redacted]\" by [redacted] [31m next"
    )
  }

  /// What a server may answer to a request for the object of that number, and our word for it.
  static let answers = [
    (
      #""status": 200, "body": "<html>hello</html>", "type": "text/html""#,
      "can't get Secret org-1/%: the answer is not JSON"
    ),
    (#""status": 200, "body": """#, "can't get Secret org-1/%: the answer is not JSON"),
    (#""status": 200, "body": "{\"kind\": \"Secret\"}""#, "can't get Secret org-1/%: the answer is another object"),
    (#""status": 200, "body": "[]""#, "can't get Secret org-1/%: the answer is another object"),
    (
      #""status": 302, "location": "https://evil.example", "body": """#,
      "can't get Secret org-1/%: the server sends us elsewhere (302)"
    ),
    (#""status": 404, "body": "not found""#, "Secret org-1/% is not there"),
    (
      #""status": 409, "body": "{\"kind\": \"Status\", \"details\": 7}""#,
      "the API server refused to get Secret org-1/% (409)"
    ),
    (#""status": 422, "body": "[[[[""#, "Secret org-1/% is invalid: the server gives no reason"),
    (#""status": 418, "body": "short and stout""#, "the API server refused to get Secret org-1/% (418)"),
  ]
  static let liar = Result {
    let server = try StubAPIServer()
    let faults = answers.enumerated().map { #"{"path": "secrets/s\#($0)$", \#($1.0)}"# }
    try server.setFaults("[\(faults.joined(separator: ","))]")
    return server
  }

  @Test("an answer that no API server gives is an error", arguments: answers.indices)
  func garbage(index: Int) async throws {
    let client = try Self.liar.get().client()
    let error = await failure { try await client.get(secret("s\(index)")) }
    #expect(error?.message == Self.answers[index].1.replacing("%", with: "s\(index)"))
  }

  @Test("an answer beyond the limit is not read to its end")
  func oversized() async throws {
    let server = try StubAPIServer()
    try server.setFaults(#"[{"status": 200, "size": 3000000}]"#)
    let client = try server.client { $0.answerLimit = 1 << 20 }
    let error = await failure { try await client.get(secret("tls")) }
    #expect(error?.message == "127.0.0.1:\(server.port) answered with more than 1 MiB")
    #expect(error?.kind == .environment)
  }

  @Test("answers nested without end, and mutated ones, are refused or read, and never trap")
  func mutations() throws {
    #expect(JSONValue.decode(Array(String(repeating: "[", count: 1_000_000).utf8)) == nil)
    #expect(
      JSONValue.decode(
        Array("{\"a\":\(String(repeating: "{\"b\":", count: 60))1\(String(repeating: "}", count: 61))".utf8)) != nil)
    let status = """
      {"kind":"Status","apiVersion":"v1","status":"Failure","message":"x","reason":"Conflict","details":{"name":"a",
      "kind":"secrets","causes":[{"reason":"FieldManagerConflict","message":"conflict with \\"m\\" using v1","field":".a"}],
      "retryAfterSeconds":1},"code":409}
      """
    #expect(APIStatus.decode(Array(status.utf8), code: 409)?.causes.count == 1)
    var generator = SplitMix(state: 11)
    var read = 0
    for _ in 0..<3000 {
      var bytes = Array(status.utf8)
      for _ in 0...Int(generator.next() % 3) {
        let at = Int(generator.next() % UInt64(bytes.count))
        if generator.next() % 2 == 0 {
          bytes[at] = UInt8(truncatingIfNeeded: generator.next())
        } else {
          bytes.removeSubrange(at..<min(bytes.count, at + 9))
        }
      }
      if APIStatus.decode(bytes, code: 409) != nil { read += 1 }
      if let value = JSONValue.decode(bytes) {
        _ = RolloutStatus.of(value, kind: .deployment)
        _ = RolloutStatus.of(value, kind: .statefulSet)
      }
    }
    #expect(read > 0)
  }
}
