package import Credentials

/// Why configuration and files can't be put in force.
package struct RouterSetupError: Error, Sendable, ExplainedError {
  /// The key of router.yaml that it is about, such as `listeners[mqtt].clients.trust`; nil where it is about none.
  package let place: String?
  /// What is wrong, without the place.
  package let problem: String
  package let hint: String?
  package let kind: FailureKind

  package var message: String { place.map { "\($0): \(problem)" } ?? problem }

  /// - Parameter file: what the problem is in; nil where it is in no file.
  init(at place: String?, file: String? = nil, _ problem: String, hint: String?, kind: FailureKind = .badInput) {
    self.place = place
    if let file, !problem.hasPrefix(file) { self.problem = "\(file): \(problem)" } else { self.problem = problem }
    self.hint = hint
    self.kind = kind
  }

  init(_ error: any Error, at place: String?, file: String) {
    guard let error = error as? any ExplainedError else {
      self.init(at: place, file: file, "\(error)", hint: nil, kind: .environment)
      return
    }
    self.init(at: place, file: file, error.message, hint: error.hint, kind: error.kind)
  }
}
