import Foundation
import PKITestKit

/// Clients of a router's listeners.
extension RunningRouter {
  /// What became of one connection with TLS, on which something is said and its echo awaited.
  /// - Parameter flags: of clients.py.
  func exchange(as identity: String? = nil, on listener: String = "in", _ flags: String...) throws -> Told {
    try exchanges(1, as: identity, on: listener, flags)[0]
  }

  /// The same for so many, one after another.
  func exchanges(
    _ count: Int, as identity: String? = nil, on listener: String = "in", _ flags: [String] = []
  ) throws -> [Told] {
    let told = try Peer.run(client("once", as: identity, on: listener, flags + ["--count", "\(count)"]), in: workspace)
    guard told.count == count else { throw Tool.Failure(description: "\(told.count) of \(count) exchanges: \(told)") }
    return told
  }

  /// A client that runs beside the test, such as `hold`.
  func start(
    _ command: String, as identity: String? = nil, on listener: String = "in", _ flags: String...
  ) throws -> Peer {
    try Peer(client(command, as: identity, on: listener, flags), in: workspace)
  }

  /// The words for clients.py.
  func client(_ command: String, as identity: String?, on listener: String, _ flags: [String]) -> [String] {
    [command, "--port", "\(port(of: listener))"] + (identity.map { ["--as", $0] } ?? []) + flags
  }

  /// The same for connections that are held open, once they all are.
  func hold(
    _ count: Int = 1, as identity: String? = nil, on listener: String = "in", _ flags: String...
  ) throws -> Peer {
    let held = try Peer(client("hold", as: identity, on: listener, flags + ["--count", "\(count)"]), in: workspace)
    let open = try held.wait(for: "open")[0].count
    guard open == count else { throw Tool.Failure(description: "\(open ?? 0) of \(count) are open:\n\(held.told)") }
    return held
  }

  /// Saves a TLS session of this identity; with none, resumes the saved one, and has no certificate to show.
  func session(as identity: String? = nil, _ flags: String...) throws -> Told {
    try Peer.run(client("session", as: identity, on: "in", flags), in: workspace)[0]
  }
}
