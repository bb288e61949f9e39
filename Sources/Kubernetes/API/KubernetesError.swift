package import Credentials
package import Formats
package import TLSRuntime

/// Why something in a cluster could not be read or done.
package indirect enum KubernetesError: ExplainedError, Hashable {
  case kubeconfig(KubeconfigError)
  /// Neither a kubeconfig nor a pod's service account.
  case noConfiguration(lookedAt: [String])
  /// A file that the configuration names.
  case file(path: String, problem: String, hint: String?)
  /// A certificate or key of the configuration; `owner` such as `cluster 'prod' of /root/.kube/config`.
  case material(owner: String, problem: String, hint: String?)
  case execPlugin(command: String, problem: String, hint: String?)

  case transport(HTTPSError)
  /// The API server does not know us.
  case unauthorized(user: String)
  case forbidden(verb: String, resource: String, said: String)
  case notFound(String, said: String)
  /// Fields that other managers have set.
  case conflict(ObjectReference, [FieldConflict])
  /// The object is another one by now, or was changed meanwhile.
  case changedMeanwhile(ObjectReference)
  case invalid(ObjectReference, [InvalidField])
  /// Any other refusal, with its HTTP status.
  case refused(status: Int, action: String, said: String)
  /// The API server is overloaded or broken, also after `attempts`.
  case unavailable(status: Int, attempts: Int, said: String)
  /// An answer that isn't what the API promises.
  case unexpectedAnswer(action: String, problem: String)

  /// Nothing was written, because of these changes.
  case blocked([ClusterChange])
  /// Something was done with some objects, but not with all.
  case incomplete(done: [ObjectReference], failures: [ObjectFailure], untried: [ObjectReference])
  case rolloutFailed(Workload, reason: String)
  case rolloutTimedOut(Workload, after: Duration, last: String)
  case cancelled
}

/// What went wrong with one object of several.
package struct ObjectFailure: Hashable, Sendable {
  package var object: ObjectReference
  package var error: KubernetesError

  package init(object: ObjectReference, error: KubernetesError) {
    self.object = object
    self.error = error
  }
}

extension KubernetesError {
  package var message: String {
    switch self {
    case .kubeconfig(let error): error.message
    case .noConfiguration: "no cluster is configured"
    case .file(let path, let problem, _): "\(path) can't be read: \(problem)"
    case .material(let owner, let problem, _): "\(owner): \(problem)"
    case .execPlugin(let command, let problem, _): "the exec plugin \(command) \(problem)"
    case .transport(let error): error.message
    case .unauthorized(let user): "the API server does not accept the credentials of \(user)"
    case .forbidden(let verb, let resource, let said): "not allowed to \(verb) \(resource)" + Self.quoting(said)
    case .notFound(let what, let said): "\(what) is not there" + Self.quoting(said)
    case .conflict(let object, let conflicts): "\(object): " + Self.describe(conflicts)
    case .changedMeanwhile(let object): "\(object) was changed by somebody else meanwhile"
    case .invalid(let object, let fields): "\(object) is invalid: " + Self.describe(fields)
    case .refused(let status, let action, let said):
      "the API server refused to \(action) (\(status))" + Self.quoting(said)
    case .unavailable(let status, let attempts, let said):
      "the API server can't answer (\(status), \(attempts) attempts)" + Self.quoting(said)
    case .unexpectedAnswer(let action, let problem): "can't \(action): \(problem)"
    case .blocked(let changes): "nothing was written: " + Self.describe(blocking: changes)
    case .incomplete(let done, let failures, let untried):
      "\(failures.count + untried.count) of \(done.count + failures.count + untried.count) objects are not done: "
        + failures.map(\.error.message).joined(separator: "; ")
    case .rolloutFailed(let workload, let reason): "the restart of \(workload) failed: \(reason)"
    case .rolloutTimedOut(let workload, let time, let last):
      "the restart of \(workload) is not finished after \(time.operatorText): \(last)"
    case .cancelled: "it was interrupted"
    }
  }

  package var hint: String? {
    switch self {
    case .kubeconfig(let error): error.hint
    case .noConfiguration(let places):
      "name one with --kubeconfig or $KUBECONFIG; looked at " + places.joined(separator: ", ")
    case .file(_, _, let hint), .material(_, _, let hint), .execPlugin(_, _, let hint): hint
    case .transport(let error): error.hint
    case .unauthorized: "they may have expired; `kubectl auth whoami` with the same kubeconfig says who you are"
    case .forbidden(let verb, let resource, _): "have a role bound that permits \(verb) on \(resource)"
    case .notFound(_, let said): said.hasPrefix("namespaces ") ? "create the namespace first" : nil
    case .conflict: "look at who sets these fields; --force-conflicts takes them over"
    case .changedMeanwhile: "run it again to see what it is now"
    case .invalid, .refused, .cancelled: nil
    case .unavailable: "wait, then run it again; what was done already is not done twice"
    case .unexpectedAnswer: "check that the address is an API server's, and that no proxy stands in between"
    case .blocked(let changes): Self.hint(blocking: changes)
    case .incomplete(_, let failures, _):
      failures.lazy.compactMap(\.error.hint).first ?? "run it again; what is done stays as it is"
    case .rolloutFailed(let workload, _), .rolloutTimedOut(let workload, _, _):
      "kubectl -n \(workload.namespace) describe \(workload.kind.rawValue.lowercased()) \(workload.name)"
    }
  }

  package var kind: FailureKind {
    switch self {
    case .kubeconfig(let error): error.kind
    case .transport(let error): error.kind
    case .noConfiguration, .file, .material: .badInput
    case .execPlugin, .unavailable, .unexpectedAnswer, .rolloutFailed, .rolloutTimedOut, .cancelled: .environment
    case .unauthorized, .forbidden, .notFound, .conflict, .changedMeanwhile, .invalid, .refused, .blocked: .refused
    case .incomplete(_, let failures, _):
      failures.contains { $0.error.kind == .environment } ? .environment : .refused
    }
  }

  private static func quoting(_ said: String) -> String { said.isEmpty ? "" : ": \(said)" }

  private static func describe(_ conflicts: [FieldConflict]) -> String {
    let managers = Dictionary(grouping: conflicts, by: \.manager).sorted { $0.key < $1.key }
    return managers.map { "\($0.value.map(\.field).joined(separator: ", ")) set by \"\($0.key)\"" }
      .joined(separator: "; ")
  }

  private static func describe(_ fields: [InvalidField]) -> String {
    fields.map { $0.field.isEmpty ? $0.reason : "\($0.field): \($0.reason)" }.joined(separator: "; ")
  }

  private static func describe(blocking changes: [ClusterChange]) -> String {
    changes.compactMap { change in
      switch change.action {
      case .conflict(let conflicts, _): KubernetesError.conflict(change.item.object, conflicts).message
      case .replace(let from, let to): "\(change.item.object) would change its type from \(from) to \(to)"
      case .refused(let error): error.message
      case .create, .update, .unchanged: nil
      }
    }.joined(separator: "; ")
  }

  private static func hint(blocking changes: [ClusterChange]) -> String? {
    for change in changes {
      switch change.action {
      case .conflict: return KubernetesError.conflict(change.item.object, []).hint
      case .replace: return "a type can't be changed; --replace deletes the object and makes it anew"
      case .refused(let error): if let hint = error.hint { return hint }
      case .create, .update, .unchanged: break
      }
    }
    return nil
  }
}
