package import Credentials

/// Why an administrator's wish isn't done.
package enum AdministrationError: ExplainedError, Hashable {
  case noSuch(String)
  case ambiguousNode(String, organizations: [String])
  case notWaiting(String, state: String)
  case wrongCode(triesLeft: Int)
  case invalid(field: String, reason: String)
  /// No orchestrator ever worked with this ledger, so that nobody knows where nodes would go.
  case noAddress

  package var message: String {
    switch self {
    case .noSuch(let what): "\(what) is not known"
    case .ambiguousNode(let name, let organizations):
      "there are nodes named \(name) in more than one organization: \(organizations.joined(separator: ", "))"
    case .notWaiting(let name, let state): "the request of \(name) doesn't wait any more: it is \(state)"
    case .wrongCode(let left) where left == 0: "the pairing code is wrong, and the request is denied"
    case .wrongCode(let left):
      "the pairing code is wrong; after \(left) more wrong \(left == 1 ? "try" : "tries") the request is denied"
    case .invalid(let field, let reason): "\(field): \(reason)"
    case .noAddress: "it is not known where the orchestrator is reached"
    }
  }

  package var hint: String? {
    switch self {
    case .noSuch(let what) where what.hasPrefix("invitation"): "`countersign invitations list --all` shows them"
    case .noSuch(let what) where what.hasPrefix("access token"): "`countersign orchestrator access list` shows them"
    case .noSuch: "`countersign nodes list` shows nodes and waiting requests"
    case .ambiguousNode: "name one with --org"
    case .notWaiting: nil
    case .wrongCode:
      "compare it with what the node shows: a request with another code is somebody else's"
    case .invalid("lifetimeSeconds", _): "--for takes 12h, 90d and the like"
    case .invalid("url", _): "it is written https://HOST:PORT"
    case .invalid: nil
    case .noAddress: "start it once with `countersign orchestrator run`, or name it with --url"
    }
  }

  package var kind: FailureKind {
    switch self {
    case .noSuch, .notWaiting, .wrongCode, .ambiguousNode: .refused
    case .invalid, .noAddress: .badInput
    }
  }
}
