/// A file that an operator wrote, as errors speak of it.
package struct DeclaredFile: Hashable, Sendable {
  package var path: String
  /// What an error advises that has no better advice.
  package var advice: String?
  /// Where all errors of the file are shown; nil to show them with the first.
  package var listing: String?

  package init(path: String, advice: String? = nil, listing: String? = nil) {
    self.path = path
    self.advice = advice
    self.listing = listing
  }

  /// Reads the one document of the file and checks it against its fields; nil where the file is empty.
  /// - Throws: ``DeclarationErrors``: all that is wrong with it.
  package func read(_ bytes: [UInt8], fields: [Field]) throws(DeclarationErrors) -> Declaration? {
    let tree: YAMLTree?
    do {
      tree = try YAMLTree.document(bytes)
    } catch {
      throw errors([DeclarationError("it is not YAML: \(error.problem)", at: error.place)])
    }
    guard let tree else { return nil }
    let found = Schema.object(fields).errors(in: tree)
    guard found.isEmpty else { throw errors(found) }
    return Declaration(tree)
  }

  /// Errors of this file, where they name no other.
  package func errors(_ errors: [DeclarationError]) -> DeclarationErrors {
    DeclarationErrors(
      errors.map { error in
        var named = error.inFile(path)
        named.advice = named.advice ?? advice
        return named
      }, listing: listing)
  }
}
