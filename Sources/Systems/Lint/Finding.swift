/// What is wrong with a certificate by a system's own rule.
package struct Problem: Hashable, Sendable {
  package var code: String
  /// Lower case, without a full stop, as the other two.
  package var what: String
  package var why: String
  package var fix: String

  package init(_ code: String, what: String, why: String, fix: String) {
    self.code = code
    self.what = what
    self.why = why
    self.fix = fix
  }
}

/// What is wrong with a file, where, why it matters, and what to do.
package struct Finding: Hashable, Sendable, Encodable {
  package enum Severity: String, Hashable, Sendable, Encodable { case error, warning }

  /// Kebab-case; scripts match on it.
  package var code: String
  package var severity: Severity
  package var file: String
  /// Counted from 1; nil where the finding is about the file as a whole, or what isn't there.
  package var line: Int?
  package var what: String
  package var why: String
  package var fix: String

  package init(_ problem: Problem, _ severity: Severity = .error, file: String, line: Int? = nil) {
    self.code = problem.code
    self.severity = severity
    self.file = file
    self.line = line
    self.what = problem.what
    self.why = problem.why
    self.fix = problem.fix
  }
}
