import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("the admin socket")
struct AdminTests {
  let workspace: Workspace
  let backend: Peer
  let admin: AdminClient
  let configuration: OneListener

  /// Somebody's name holds all that has to be escaped.
  private static let quoted = #"robot "3" \ x"#

  init() throws {
    workspace = try .forRouter()
    try workspace.bash(
      """
      countersign issue '\(Self.quoted)' --profile client -o pki --quiet
      mv 'pki/\(Self.quoted).crt' pki/quoted.crt; mv 'pki/\(Self.quoted).key' pki/quoted.key
      countersign --home other ca create --name "Other Root CA" --no-passphrase --quiet
      countersign --home other issue foreign --profile client -o other-pki --quiet
      cp other-pki/foreign.* pki/
      """)
    backend = try .backend("echo", in: workspace)
    admin = AdminClient(workspace: workspace)
    configuration = OneListener(to: backend.port).with {
      $0.top = "admin: admin.sock\nworkers: 3"
      $0.clients = "trust: pki/ca.crt, deny: [{name: retired, cn: robot-2}], allow: [{name: all, any: true}]"
    }
  }

  private func router(workers: Int = 3) throws -> RunningRouter {
    let yaml = configuration.with { $0.top = $0.top.replacing("workers: 3", with: "workers: \(workers)") }.yaml
    return try RunningRouter(yaml, in: workspace)
  }

  @Test("it is there for its owner and group, and says that the router lives")
  func health() throws {
    let router = try router()
    #expect(try workspace.bash("mode admin.sock").text == "660 admin.sock\n")
    let answer = try admin.ask("/healthz")
    #expect(answer.status == 200 && answer.body == "ok\n" && answer.type.hasPrefix("text/plain"), "\(answer)")
    #expect(router.process.isRunning)
  }

  @Test("what it doesn't have is refused, and asked in another way nothing happens")
  func others() throws {
    let router = try router()
    for path in ["/", "/nothing", "/records/0123456789abcdef", "/records/a/b", "/healthz/x", "/../status"] {
      let answer = try admin.ask(path)
      #expect(answer.status == 404 && answer.type == "application/problem+json", "\(path): \(answer)")
    }
    let before = try admin.status().configuredAt
    for (method, path) in [
      ("GET", "/reload"), ("PUT", "/reload"), ("POST", "/status"), ("POST", "/metrics"), ("DELETE", "/records"),
    ] {
      let answer = try admin.ask(path, ["-X", method])
      #expect([404, 405].contains(answer.status), "\(method) \(path): \(answer)")
    }
    #expect(try admin.status().configuredAt == before)
    #expect(!router.log.contains("\"reloaded\""))
  }

  // MARK: Status

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  /// The same text for what is equal.
  private func written(_ object: [String: Any]) throws -> String {
    String(decoding: try JSONSerialization.data(withJSONObject: object, options: .sortedKeys), as: UTF8.self)
  }

  @Test("/status tells of listeners and clusters as they are")
  func status() throws {
    let router = try router()
    let held = try router.hold(3, as: "robot-1")
    let answer = try admin.ask("/status")
    #expect(answer.status == 200 && answer.type == "application/json")
    let keys = try object(answer.body).keys.sorted()
    #expect(keys == ["clusters", "configuredAt", "droppedLogLines", "listeners", "workers"])
    let status: AdminClient.Status = try answer.decoded()
    #expect(status.workers == 3 && status.droppedLogLines == 0 && status.lastProblem == nil)
    #expect(abs(status.configuredAt.timeIntervalSinceNow) < 600)
    #expect(status.listeners.map(\.name) == ["in"])
    #expect(status.listeners[0].address == "127.0.0.1:\(router.port())")
    #expect(status.listeners[0].revocationStaleSince == nil)
    let end = try workspace.bash(
      "date -u -d \"$(openssl x509 -in pki/localhost.crt -noout -enddate | cut -d= -f2)\" +%s"
    ).text
    let notAfter = try #require(status.listeners[0].certificateNotAfter).timeIntervalSince1970
    #expect("\(Int(notAfter))\n" == end)
    #expect(status.clusters.map(\.name) == ["back"] && status.clusters[0].endpoints.count == 1)
    let endpoint = try admin.endpoint(backend.port)
    #expect(endpoint.isHealthy && !endpoint.isEjected && endpoint.connections == 3)
    #expect(held.events("end").isEmpty)
  }

  // MARK: Reload

  @Test("a reload by it is one by a signal: 204, or 409 with the reason, which /status keeps until it is mended")
  func reload() throws {
    let router = try router()
    let narrow = configuration.with { $0.clients = "trust: pki/ca.crt, allow: [{cn: x}]" }
    try workspace.write(narrow.yaml, to: "router.yaml")
    #expect(try admin.ask("/reload", ["-X", "POST"]).status == 204)
    #expect(router.log.contains("\"reloaded\""))
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("access denied"))
    try workspace.write(configuration.yaml + "nonsense: 1\n", to: "router.yaml")
    let refused = try admin.ask("/reload", ["-X", "POST"])
    #expect(refused.status == 409 && refused.type == "application/problem+json", "\(refused)")
    let problem = try object(refused.body)
    let reason = try #require(problem["detail"] as? String)
    #expect(reason.contains("unknown key \"nonsense\"") && problem["status"] as? Int == 409, "\(refused)")
    #expect(try admin.status().lastProblem == reason)
    #expect(try admin.metrics().value("configuration_refused", [:]) == 1)
    #expect(router.log.contains("nothing was changed"))
    #expect(try router.exchange(as: "robot-1", "--silent").isAlert("access denied"))
    try workspace.write(configuration.yaml, to: "router.yaml")
    #expect(try admin.ask("/reload", ["-X", "POST"]).status == 204)
    #expect(try admin.status().lastProblem == nil)
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  // MARK: Metrics

  /// Five of robot-1, one with a longer text, and those who are turned away.
  private func visit(_ router: RunningRouter) throws {
    #expect(try router.exchanges(4, as: "robot-1").allSatisfy { $0.outcome == "answered" })
    #expect(try router.exchange(as: "robot-1", "--text", "a longer text").outcome == "answered")
    #expect(try router.exchange(as: "quoted").outcome == "answered")
    #expect(try router.exchanges(3, ["--silent"]).allSatisfy { $0.isAlert("certificate required") })
    #expect(try router.exchanges(2, as: "foreign", ["--silent"]).allSatisfy { $0.isAlert("unknown ca") })
    #expect(try router.exchange(as: "robot-2", "--silent").isAlert("access denied"))
    try router.waitForAccess(count: 12) { _ in true }
  }

  @Test("metrics keep to the format, and agree with what clients did")
  func metrics() throws {
    let router = try router()
    try visit(router)
    let held = try router.hold(2, as: "robot-1")
    let answer = try admin.ask("/metrics?whatever=1")
    #expect(answer.status == 200 && answer.type == "text/plain; version=0.0.4; charset=utf-8", "\(answer.type)")
    let metrics = try Exposition(answer.body)
    let own = ["listener": "in"]
    let accepted = metrics.values("connections_accepted_total", by: "worker", where: own)
    #expect(accepted.values.reduce(0, +) == 14 && Set(accepted.keys).isSubset(of: ["0", "1", "2"]), "\(accepted)")
    #expect(metrics.value("connections_open", own) == 2)
    #expect(metrics.value("handshakes_completed_total", own) == 8)
    #expect(metrics.value("handshakes_resumed_total", own) == 0)
    #expect(metrics.value("handshake_duration_seconds_count", own) == 8)
    #expect(
      metrics.values("connections_refused_total", by: "reason", where: own)
        == ["no-certificate": 3, "unknown-issuer": 2, "denied": 1])
    #expect(metrics.values("connections_ended_total", by: "reason", where: own) == ["finished": 6])
    #expect(metrics.value("rule_decisions_total", ["listener": "in", "rule": "all", "decision": "allow"]) == 8)
    #expect(metrics.value("rule_decisions_total", ["listener": "in", "rule": "retired", "decision": "deny"]) == 1)
    // Those who are still there count when they end.
    #expect(metrics.value("received_bytes_total", own) == 38 && metrics.value("sent_bytes_total", own) == 38)
    for (identity, connections, bytes) in [("robot-1", 5.0, 33.0), (Self.quoted, 1.0, 5.0)] {
      let labels = ["listener": "in", "identity": identity]
      #expect(metrics.value("identity_connections_total", labels) == connections, "\(answer.body)")
      #expect(metrics.value("identity_received_bytes_total", labels) == bytes)
      #expect(metrics.value("identity_sent_bytes_total", labels) == bytes)
    }
    #expect(metrics.value("identity_connections_total", ["listener": "in", "identity": "foreign"]) == nil)
    let cluster = ["cluster": "back"]
    #expect(metrics.value("backend_connections_open", cluster) == 2)
    #expect(metrics.value("backend_connections_total", cluster) == 8)
    #expect(metrics.value("backend_connect_duration_seconds_count", cluster) == 8)
    #expect(metrics.value("backend_ejections_total", cluster) == 0)
    #expect(metrics.value("backend_received_bytes_total", cluster) == 38)
    #expect(metrics.value("backend_sent_bytes_total", cluster) == 38)
    #expect(metrics.value("identity_connections_open", ["listener": "in", "identity": "robot-1"]) == 2)
    #expect(metrics.value("request_duration_seconds_count", own) == nil)
    #expect(metrics.value("configuration_refused", [:]) == 0)
    #expect(abs((metrics.value("configuration_loaded_seconds", [:]) ?? 0) - Date().timeIntervalSince1970) < 3600)
    #expect(metrics.value("log_lines_dropped_total", [:]) == 0)
    let end = try admin.status().listeners[0].certificateNotAfter?.timeIntervalSince1970
    #expect(metrics.value("certificate_not_after_seconds", own) == end)
    held.process.send(SIGTERM)
    try router.waitForAccess(count: 14) { _ in true }
    let after = try admin.metrics()
    #expect(after.value("connections_open", own) == 0 && after.value("backend_connections_open", cluster) == 0)
    #expect(after.value("received_bytes_total", own) == 48)
    #expect(after.value("identity_connections_open", ["listener": "in", "identity": "robot-1"]) == 0)
    #expect(after.value("identity_connections_total", ["listener": "in", "identity": "robot-1"]) == 7)
  }

  @Test("an endpoint that is found by two names is one series")
  func twoNames() throws {
    let both = configuration.with { $0.endpoints = ["127.0.0.1:\(backend.port)", "localhost:\(backend.port)"] }
    let router = try RunningRouter(both.yaml, in: workspace)
    let labels = ["cluster": "back", "endpoint": "127.0.0.1:\(backend.port)"]
    #expect(try admin.metrics().value("backend_healthy", labels) == 1)
    #expect(router.process.isRunning)
  }

  @Test("who asks for metrics isn't somebody who was refused")
  func scraped() throws {
    let router = try router()
    for _ in 1...3 { _ = try admin.metrics() }
    let metrics = try admin.metrics()
    #expect(metrics.values("requests_total", by: "status", where: ["listener": "(admin)"])["200"] ?? 0 >= 3)
    #expect(metrics.values("connections_refused_total", by: "reason").isEmpty)
    #expect(router.accessLog.isEmpty)
  }

  @Test("requests are counted by the status of their answers")
  func requests() throws {
    let web = try Peer.backend("web", in: workspace)
    let yaml = OneListener(to: web.port).with {
      $0.top = "admin: admin.sock\nworkers: 3"
      $0.more = "protocol: http\n    routes: [{path: /no, to: back, allow: [{cn: nobody}]}]"
    }.yaml
    let router = try RunningRouter(yaml, in: workspace)
    for path in ["a", "b", "c", "no", "%2f"] { _ = try router.curl("https://localhost/\(path)") }
    let statuses = try admin.metrics().values("requests_total", by: "status", where: ["listener": "in"])
    #expect(statuses == ["200": 3, "403": 1, "400": 1])
    let metrics = try admin.metrics()
    #expect(metrics.value("request_duration_seconds_count", ["listener": "in"]) == 5)
    #expect(metrics.value("backend_sent_bytes_total", ["cluster": "back"]) == 0)
    #expect(metrics.value("backend_received_bytes_total", ["cluster": "back"]) ?? 0 > 0)
  }

  // MARK: Refusals

  @Test("each refusal has a record with both sides' evidence, the newest first")
  func records() throws {
    // One worker has them one after the other.
    let router = try router(workers: 1)
    #expect(try admin.ask("/records").body == "[]\n")
    try visit(router)
    let body = try admin.ask("/records").body
    let list = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [[String: Any]])
    let outcomes = list.compactMap { $0["outcome"] as? String }
    #expect(
      outcomes == ["denied", "unknown-issuer", "unknown-issuer", "no-certificate", "no-certificate", "no-certificate"])
    let logged = router.accessLog.compactMap(\.id)
    let ids = list.compactMap { $0["id"] as? String }
    #expect(ids.count == 6 && ids == Array(logged.reversed()))
    let times = list.compactMap { $0["time"] as? String }
    #expect(times.count == 6 && times == times.sorted(by: >))
    for record in list {
      let id = try #require(record["id"] as? String)
      let alone = try object(admin.ask("/records/\(id)").body)
      #expect(try written(alone) == written(record))
      #expect(record["listener"] as? String == "in" && record["trusted"] as? [String] == ["CN=Example Root CA"])
      #expect(record["allow"] as? [String] == ["all (any)"])
      #expect(record["deny"] as? [String] == ["retired (cn=robot-2)"])
      #expect((record["client"] as? String)?.hasPrefix("127.0.0.1:") == true)
      #expect(record["reason"] is String && record["hint"] is String)
    }
    #expect(list[0]["rule"] as? String == "retired" && list[1]["rule"] == nil)
    #expect(list[3]["presented"] == nil && (list[3]["chain"] as? [String])?.isEmpty == true)
    let presented = try #require(list[0]["presented"] as? [String: Any])
    #expect(presented["subject"] as? String == "CN=robot-2" && presented["issuer"] as? String == "CN=Example Root CA")
    #expect(presented["names"] as? [String] == ["robot-2"])
    let serial = try workspace.serial(of: "pki/robot-2.crt")
    #expect(presented["serial"] as? String == serial)
    // The chain is what the client sent: a person can put it before any other judge.
    let chain = try #require(list[0]["chain"] as? [String])
    try workspace.write(chain[0], to: "shown.pem")
    let fingerprints = try workspace.bash(
      "for f in shown.pem pki/robot-2.crt; do openssl x509 -in $f -noout -fingerprint -sha256; done"
    ).text.split(separator: "\n").map { $0.replacing(":", with: "").lowercased().suffix(64) }
    #expect(fingerprints.count == 2 && fingerprints[0] == fingerprints[1])
    #expect(presented["fingerprint"] as? String == String(fingerprints[0]))
  }

  @Test("countersign explain shows a record to people and to programs")
  func explain() throws {
    let router = try router()
    #expect(try router.exchange(as: "robot-2", "--silent").isAlert("access denied"))
    let line = try router.waitForAccess { $0.outcome == "denied" }[0]
    let id = try #require(line.id)
    let told = try workspace.countersign(["explain", id, "--admin", "admin.sock"])
    #expect(told.status == 0)
    for words in [
      "refused    \(id)\n", "listener   in\n", "client     \(line.client)\n", "because    retired denies it\n",
      "rule       retired\n", "presented  CN=robot-2\n", "issuer     CN=Example Root CA\n",
      "trusted    CN=Example Root CA\n", "allow      all (any)\n", "deny       retired (cn=robot-2)\n", "hint       ",
    ] {
      #expect(told.text.contains(words), "\(told.text)")
    }
    let json = try workspace.countersign(["explain", id, "--admin", "admin.sock", "--output", "json"])
    let whole = try object(json.text)
    let record = try object(admin.ask("/records/\(id)").body)
    #expect(try written(whole["record"] as? [String: Any] ?? whole) == written(record))
  }

  @Test("the record of a request says what was asked for, which route took it, and where it would have gone")
  func refusedRequest() throws {
    let web = try Peer.backend("web", in: workspace)
    let yaml = OneListener(to: web.port).with {
      $0.top = "admin: admin.sock"
      $0.clients = "trust: pki/ca.crt, allow: [{name: fleet, any: true}]"
      $0.more = "protocol: http\n    routes: [{path: /no, to: back, allow: [{name: nobodies, cn: nobody, org: ORG2}]}]"
    }.yaml
    let router = try RunningRouter(yaml, in: workspace)
    let answer = try router.curl("https://localhost/no/way?token=secret")
    #expect(answer.status == 403 && web.events("request").isEmpty, "\(answer)")
    let id = try #require(try object(answer.body)["id"] as? String)
    let body = try admin.ask("/records/\(id)").body
    let record = try object(body)
    for (key, value) in [
      ("method", "GET"), ("host", "localhost"), ("path", "/no/way"), ("route", "routes[0] path=/no"),
      ("cluster", "back"), ("rule", "fleet"), ("outcome", "no-rule"),
    ] {
      #expect(record[key] as? String == value, "\(key): \(body)")
    }
    #expect(record["allow"] as? [String] == ["nobodies (cn=nobody,org=ORG2)"] && !body.contains("secret"))
    let told = try workspace.countersign(["explain", id, "--admin", "admin.sock"])
    for words in [
      " GET localhost/no/way\n", " routes[0] path=/no\n", " fleet\n", " back\n", " nobodies (cn=nobody,org=ORG2)\n",
    ] {
      #expect(told.text.contains(words), "\(words): \(told.text)")
    }
  }

  @Test("a client that is too old for the listener leads to the key that would let it in")
  func tooOld() throws {
    let router = try router()
    _ = try router.exchange(as: "robot-1", "--tls", "1.2")
    let id = try #require(try router.waitForAccess { $0.outcome == "tls" }[0].id)
    let told = try workspace.countersign(["explain", id, "--admin", "admin.sock"])
    #expect(told.text.contains("because    unsupported protocol\n"), "\(told.text)")
    #expect(told.text.contains("tls: {min: \"1.2\"}"), "\(told.text)")
  }

  @Test("of a stranger's many names the first are kept, and the others counted")
  func manyNames() throws {
    try workspace.bash(
      """
      countersign --home other issue many $(seq -f '--dns n%g.example' 100) --profile client -o other-pki --quiet
      cp other-pki/many.* pki/
      """)
    let router = try router()
    #expect(try router.exchange(as: "many", "--silent").isAlert("unknown ca"))
    let id = try #require(try router.waitForAccess { $0.outcome == "unknown-issuer" }[0].id)
    let record = try object(admin.ask("/records/\(id)").body)
    let presented = try #require(record["presented"] as? [String: Any])
    #expect((presented["names"] as? [String])?.count == 32 && presented["namesLeftOut"] as? Int == 69)
    #expect(record["chainLeftOut"] == nil && (record["chain"] as? [String])?.isEmpty == false)
    let told = try workspace.countersign(["explain", id, "--admin", "admin.sock"])
    #expect(told.text.contains(", and 69 more\n"), "\(told.text)")
  }

  @Test("countersign explain says what it can't: no such record, no router, no ID")
  func unexplained() throws {
    let router = try router()
    for (words, status, error) in [
      (["0123456789abcdef", "--admin", "admin.sock"], 1, "error: the router has no record 0123456789abcdef\n"),
      (["0123456789abcdef", "--admin", "none.sock"], 3, "error: no router answers at none.sock: No such file"),
      (["../status", "--admin", "admin.sock"], 2, "error: \"../status\" is no ID of a refusal\n"),
    ] as [([String], Int32, String)] {
      let told = try workspace.countersign(["explain"] + words)
      #expect(told.status == status && told.errors.hasPrefix(error), "\(told.errors)")
      #expect(told.errors.contains("\nhint: ") && told.text.isEmpty)
    }
    #expect(router.process.isRunning)
  }
}
