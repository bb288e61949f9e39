package import Credentials

/// What is wrong with a file that an operator wrote or a file that it names, and where.
package struct DeclarationError: ExplainedError, Hashable {
  package var path: String
  package var place: YAMLTree.Place?
  package var problem: String
  package var advice: String?
  package var kind: FailureKind

  package init(
    _ problem: String, advice: String? = nil, path: String = "", at place: YAMLTree.Place? = nil,
    kind: FailureKind = .badInput
  ) {
    self.path = path
    self.place = place
    self.problem = problem
    self.advice = advice
    self.kind = kind
  }

  /// Another error, with the place that led to it.
  package init(_ error: any ExplainedError, at place: YAMLTree.Place) {
    self.init(error.message, advice: error.hint, at: place, kind: error.kind)
  }

  package var message: String {
    let place = place.map { ":\($0.line):\($0.column)" } ?? ""
    return path.isEmpty ? problem : "\(path)\(place): \(problem)"
  }
  package var hint: String? { advice }

  /// The same, said of a file where the error names none.
  package func inFile(_ file: String) -> DeclarationError {
    guard path.isEmpty else { return self }
    var named = self
    named.path = file
    return named
  }
}
