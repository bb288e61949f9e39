package import Credentials

/// Why a kubeconfig can't be used: which file, which entry, what about it. Never holds a value of a secret field.
package struct KubeconfigError: ExplainedError, Hashable {
  package var message: String
  package var hint: String?
  package var kind: FailureKind { .badInput }

  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}
