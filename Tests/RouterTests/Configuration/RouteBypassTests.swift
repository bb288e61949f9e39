import Foundation
import PKITestKit
import Testing

@testable import Router

@Suite("ways past the rules of a route")
struct RouteBypassTests {
  /// - Parameter keys: of the listener, beside its name and what it needs for TLS.
  private func bypasses(_ keys: String, allow: String = "allow: [{org: ORG1}], ") throws -> [RouteBypass] {
    try RouterYAML.parse(
      """
      listeners:
        - {name: plain, listen: "unix:/s", to: back}
        - {name: l, listen: "[::]:1", protocol: http, identity: {cert: a, key: b}, clients: {\(allow)trust: t}, \(keys)}
      clusters:
        - {name: back, endpoints: ["10.0.0.1:1", "10.0.0.2:1"]}
        - {name: same, endpoints: ["10.0.0.2:1"]}
        - {name: other, endpoints: ["10.0.0.3:1"]}
      """
    ).bypasses
  }

  static let narrow = "{host: a.example, path: /commands, to: back, allow: [{cn: ops}]}"

  /// With the number of the wider route; nil for `to`.
  static let holes: [(String, Int?)] = [
    ("to: back, routes: [\(narrow)]", nil), ("to: same, routes: [\(narrow)]", nil),
    ("to: back, routes: [{path: /a, to: back, deny: [{cn: x}]}]", nil), ("routes: [\(narrow), {to: back}]", 1),
    ("routes: [\(narrow), {host: a.example, to: back}]", 1), ("routes: [\(narrow), {path: /commands, to: back}]", 1),
    ("routes: [\(narrow), {host: \"*.example\", path: /, to: same}]", 1),
  ]

  @Test(
    "a wider route and `to` are, where they lead to the same backend without rules", arguments: RouteBypassTests.holes)
  func found(keys: String, wider: Int?) throws {
    #expect(try bypasses(keys) == [RouteBypass(listener: 1, route: 0, wider: wider, cluster: "back")])
  }

  static let harmless = [
    "routes: [\(narrow)]", "to: other, routes: [\(narrow)]", "routes: [\(narrow), {path: /telemetry, to: back}]",
    "routes: [\(narrow), {host: b.example, to: back}]", "routes: [\(narrow), {path: /command, to: back}]",
    "routes: [\(narrow), {path: /commands/run, to: back}]", "routes: [\(narrow), {to: back, allow: [{cn: dev}]}]",
    "routes: [{path: /commands, to: back}, {to: back}]",
  ]

  @Test(
    "what leads elsewhere, takes less, or has rules of its own isn't", arguments: RouteBypassTests.harmless)
  func notFound(keys: String) throws {
    #expect(try bypasses(keys).isEmpty)
  }

  @Test("where the listener allows nobody, a route without rules lets nobody in")
  func nobody() throws {
    #expect(try bypasses("routes: [\(Self.narrow), {to: back}]", allow: "").isEmpty)
  }

  @Test("in the example, no spelling of a path gets anybody past the rules")
  func example() throws {
    let path = RecordedFile.root.appending(path: "Examples/router/router.yaml").path
    let configuration = try RouterConfigurationFile(path: path).parse(
      Array(try Data(contentsOf: URL(fileURLWithPath: path))))
    let listener = try #require(configuration.listeners.first { $0.name == "api" })
    #expect(listener.to == nil)
    for (host, target, cluster) in [
      ("api.example.org", "/commands", "commands"), ("api.example.org", "/commands?x", "commands"),
      ("API.example.org:443", "/commands/run", "commands"), ("api.example.org", "/Commands/run", nil),
      ("api.example.org", "/commands;x/run", nil), ("api.example.org", "/commands.json", nil),
      ("api.example.org", "/", nil), ("b.example.org", "/commands/run", nil), ("", "/commands/run", nil),
      ("api.example.org", "/robots/7", "fleet-api"), ("api.example.org", "/telemetry", "telemetry"),
    ] as [(String, String, String?)] {
      var request = HTTPRequestHead()
      request.authority = host
      request.target = target
      let route = listener.routes.first { $0.takes(request) }
      #expect(route?.to == cluster, "\(host)\(target)")
      #expect(route?.to != "commands" || route?.rules.allow.isEmpty == false)
    }
  }
}
