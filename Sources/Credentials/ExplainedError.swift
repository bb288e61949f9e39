/// An error that tells the operator what went wrong and, where we know it, what to do.
///
/// Messages are lower case without a full stop, because they are printed after `error: `; hints after `hint: `.
/// No secret ever appears in either.
package protocol ExplainedError: Error {
  var message: String { get }
  var hint: String? { get }
  var kind: FailureKind { get }
}

/// Who has to act on a failure. The command line maps it to its exit code.
package enum FailureKind: Hashable, Sendable {
  /// The answer is no: refused by policy, invalid, a broken signature. Exit code 1.
  case refused
  /// What we were given can't be used: wrong usage, undecodable input, wrong passphrase. Exit code 2.
  case badInput
  /// The world failed: disk, permission, network, database. Exit code 3.
  case environment
}
