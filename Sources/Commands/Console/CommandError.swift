import Credentials

/// What goes wrong in a command itself, beyond the errors of the modules that it calls.
struct CommandError: ExplainedError {
  var message: String
  var hint: String?
  var kind: FailureKind

  static func usage(_ message: String, hint: String? = nil) -> CommandError {
    CommandError(message: message, hint: hint, kind: .badInput)
  }

  static func refused(_ message: String, hint: String? = nil) -> CommandError {
    CommandError(message: message, hint: hint, kind: .refused)
  }

  static func environment(_ message: String, hint: String? = nil) -> CommandError {
    CommandError(message: message, hint: hint, kind: .environment)
  }
}

/// The answer is no, and the command has already said why on standard output.
struct NegativeAnswer: Error {}

extension FailureKind {
  var exitCode: Int32 {
    switch self {
    case .refused: 1
    case .badInput: 2
    case .environment: 3
    }
  }
}
