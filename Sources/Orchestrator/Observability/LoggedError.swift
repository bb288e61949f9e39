import Credentials

extension Error {
  /// The words of an error as operators know them.
  package var logged: String {
    guard let explained = self as? any ExplainedError else { return "\(self)" }
    return explained.hint.map { "\(explained.message); \($0)" } ?? explained.message
  }
}
