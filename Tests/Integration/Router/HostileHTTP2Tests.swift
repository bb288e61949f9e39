import Foundation
import Glibc
import PKITestKit
import Testing

@Suite("HTTP/2 from a client that means harm")
struct HostileHTTP2Tests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("web", in: workspace)
  }

  /// With one worker, whoever is served beside a flood is served beside it by the same thread.
  private func router(to port: Int? = nil, limits: String = "") throws -> RunningRouter {
    let listener = OneListener(to: port ?? backend.port).with {
      $0.top = "workers: 1\nadmin: router.sock"
      $0.more = "protocol: http\n    limits: {\(limits)}"
    }
    return try RunningRouter(listener.yaml, in: workspace)
  }

  @Test("what is no request is answered with an error or reset, and no backend sees it")
  func malformed() throws {
    let router = try router()
    let told = try Peer.run(router.client("requests", as: "robot-1", on: "in", []), in: workspace)
    #expect(told.count > 30)
    let outcomes = Dictionary(
      uniqueKeysWithValues: told.map { ($0.event ?? "", "\($0.outcome ?? "") \($0.detail ?? "")") })
    // Where two say where it goes, the authority counts and no backend hears of the other (RFC 9113 §8.3.1).
    let served = ["whole", "whole, with a body", "another host"]
    let answers = [
      "fragment": "answered 400", "user in the authority": "answered 400", "CONNECT": "answered 501",
    ]
    for (name, outcome) in outcomes {
      #expect(outcome == (served.contains(name) ? "answered 200" : answers[name] ?? "reset PROTOCOL_ERROR"), "\(name)")
    }
    #expect(backend.events("request").map(\.detail) == ["GET /", "POST /", "GET /"])
  }

  @Test(
    "a flood ends its own connection, or costs no more than its bytes, and others are served beside it",
    arguments: [
      ("rapid reset", true), ("self reset", true), ("continuation", true), ("ping", true), ("settings", true),
      ("table sizes", true), ("streams", false), ("bomb", true), ("empty data", false), ("priority", false),
      ("windows", false), ("unknown", false),
    ])
  func flood(_ name: String, ends: Bool) throws {
    let router = try router()
    let before = try router.memory()
    let flood = try router.start("flood", as: "robot-1", "--case", name, "--count", "170")
    try flood.wait(for: "begun")
    for _ in 0..<5 {
      let answer = try router.curl("-m", "60", "https://localhost/", as: "robot-2")
      #expect(answer.status == 200, "\(answer)")
    }
    // Until now it went on, unless the router has ended it.
    if !ends { flood.process.send(SIGTERM) }
    let told = try flood.wait(for: name)[0]
    #expect(ends ? told.wasCut : told.outcome == "open", "\(told)")
    #expect(try router.curl("https://localhost/", as: "robot-2").status == 200)
    #expect(try router.memory() - before < 64 << 20)
  }

  @Test("streams that are reset leave no attempts to reach the backend behind")
  func abandoned() throws {
    let full = try Peer.backend("full", in: workspace)
    let router = try router(to: full.port)
    let told = try Peer.run(
      router.client("flood", as: "robot-1", on: "in", ["--case", "rapid reset", "--count", "170"]), in: workspace)
    #expect(told.contains { $0.wasCut }, "\(told)")
    #expect(try router.openFiles() < 50)
  }

  @Test("so are single streams of one that goes on with others")
  func shutStreams() throws {
    let router = try router(limits: "request: 2s")
    let told = try Peer.run(
      router.client("shut", as: "robot-1", on: "in", ["--count", "90", "--how", "busy"]), in: workspace)
    #expect(told.contains { $0.outcome == "reset" && $0.count == 90 && ($0.seconds ?? 0) >= 1.9 }, "\(told)")
  }

  @Test("who asks for answers and lets none come is given up")
  func shut() throws {
    let router = try router(limits: "idle: 10s")
    let told = try Peer.run(router.client("shut", as: "robot-1", on: "in", ["--count", "90"]), in: workspace)
    #expect(told.contains { $0.wasCut && $0.count == 90 && ($0.seconds ?? 0) >= 9 }, "\(told)")
  }
}
