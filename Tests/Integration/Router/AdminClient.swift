import Foundation
import PKITestKit

/// A router's admin socket, asked by curl.
struct AdminClient {
  let workspace: Workspace
  /// Its name in the workspace.
  var socket = "admin.sock"

  struct Answer {
    var status: Int
    var type: String
    var body: String

    func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
      let decoder = JSONDecoder()
      decoder.dateDecodingStrategy = .iso8601
      return try decoder.decode(Value.self, from: Data(body.utf8))
    }
  }

  /// What `/status` tells.
  struct Status: Decodable {
    struct Listener: Decodable {
      var name: String
      var address: String
      var certificateNotAfter: Date?
      var revocationStaleSince: Date?
    }

    struct Endpoint: Decodable {
      var address: String
      var isHealthy: Bool
      var isEjected: Bool
      var connections: Int
    }

    struct Cluster: Decodable {
      var name: String
      var endpoints: [Endpoint]
    }

    var workers: Int
    var configuredAt: Date
    var lastProblem: String?
    var droppedLogLines: Int
    var listeners: [Listener]
    var clusters: [Cluster]
  }

  func ask(_ path: String, _ flags: [String] = []) throws -> Answer {
    let words = [
      "timeout", "-k", "5", "180", "curl", "-sS", "--path-as-is", "--unix-socket", workspace.file(socket), "-w",
      "%{stderr}%{http_code} %{content_type}",
    ]
    let output = try Tool.require(
      "env", workspace.environment + words + flags + ["http://router\(path)"], in: workspace.directory.url)
    let facts = output.errors.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return Answer(status: Int(facts[0]) ?? 0, type: facts.count > 1 ? facts[1] : "", body: output.text)
  }

  func status() throws -> Status { try ask("/status").decoded() }

  func metrics() throws -> Exposition { try Exposition(try ask("/metrics").body) }

  /// The endpoint of the cluster `back` on this port of 127.0.0.1.
  func endpoint(_ port: Int) throws -> Status.Endpoint {
    let endpoints = try status().clusters.first { $0.name == "back" }?.endpoints ?? []
    guard let found = endpoints.first(where: { $0.address == "127.0.0.1:\(port)" }) else {
      throw Tool.Failure(description: "no endpoint has port \(port): \(endpoints)")
    }
    return found
  }
}

/// Asks again and again until it is so.
func waitUntil(_ what: String, seconds: Double = 180, _ isSo: () throws -> Bool) throws {
  let end = Date().addingTimeInterval(seconds)
  while try !isSo() {
    guard Date() < end else { throw Tool.Failure(description: "not within \(Int(seconds)) s: \(what)") }
    Thread.sleep(forTimeInterval: 0.05)
  }
}
