package import Credentials

/// All that is wrong with a file, at least one thing.
package struct DeclarationErrors: ExplainedError, Hashable {
  package let first: DeclarationError
  package let rest: [DeclarationError]
  /// Where all errors are shown; nil to show them with the first.
  private let listing: String?

  package init(_ errors: [DeclarationError], listing: String? = nil) {
    first = errors.first ?? DeclarationError("it can't be read")
    rest = Array(errors.dropFirst())
    self.listing = listing
  }

  package var all: [DeclarationError] { [first] + rest }
  package var message: String { first.message }
  package var hint: String? {
    guard !rest.isEmpty else { return first.hint }
    let more = "\(rest.count) more: " + (listing ?? rest.prefix(Self.shown).map(\.message).joined(separator: "; "))
    return first.hint.map { "\($0) (\(more))" } ?? more
  }
  package var kind: FailureKind { first.kind }

  private static let shown = 5
}
