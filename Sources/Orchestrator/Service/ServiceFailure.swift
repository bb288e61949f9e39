package import Credentials
import Foundation
import Glibc
import NIOCore

/// What keeps the service from starting or from taking a new configuration.
package enum ServiceFailure: ExplainedError, Hashable {
  case cannotListen(ListenAddress, reason: String, isTaken: Bool)
  case databaseNotAvailable
  /// What can't change while it runs.
  case needsRestart(String)

  package var message: String {
    switch self {
    case .cannotListen(let address, let reason, _): "can't listen on \(address): \(reason)"
    case .databaseNotAvailable: "a ledger in PostgreSQL is not available in this version"
    case .needsRestart(let what): "\(what) can't change while the service runs"
    }
  }

  package var hint: String? {
    switch self {
    case .cannotListen(_, _, let isTaken):
      isTaken
        ? "another process has this port: `ss -ltnp` shows which; end it, or choose another in orchestrator.yaml"
        : "check the address in orchestrator.yaml; ports below 1024 need the right to bind them"
    case .databaseNotAvailable: "use `ledger: {sqlite: ledger.db}`"
    case .needsRestart: "restart the service, or undo the change"
    }
  }

  package var kind: FailureKind {
    switch self {
    case .cannotListen: .environment
    case .databaseNotAvailable, .needsRestart: .badInput
    }
  }

  /// Names the address that a listener could not have; nil for an error of another kind.
  init?(_ error: any Error, listeningOn address: ListenAddress) {
    switch error {
    case let error as IOError:
      let reason = error.errnoCode == EADDRINUSE ? "it is in use" : String(cString: strerror(error.errnoCode))
      self = .cannotListen(address, reason: reason, isTaken: error.errnoCode == EADDRINUSE)
    case is SocketAddressError: self = .cannotListen(address, reason: "the host is unknown", isTaken: false)
    default: return nil
    }
  }
}

extension ListenAddress: CustomStringConvertible {
  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
