package import Credentials

/// Why bytes couldn't be read as, or a value couldn't be written in, one of the file formats.
package enum FormatError: ExplainedError, Hashable {
  /// No PEM block of the wanted sort was found; the text says what was wanted.
  case notPEM(String)
  case malformed(format: String, reason: String)
  case wrongPassphrase
  case passphraseNeeded
  /// Well formed, but made with an algorithm or option that we don't read or write.
  case unsupported(String)
  /// The file is well formed, but a change can't be made in it; the line is counted from 1.
  case uneditable(line: Int, reason: String, hint: String)
  /// Well formed, but what it is made for would refuse it.
  case unacceptable(reason: String, hint: String)
  /// `limit` in bytes, elements or iterations, as `what` says.
  case tooLarge(what: String, limit: Int)

  package var message: String {
    switch self {
    case .notPEM(let wanted): "no PEM block with \(wanted) found"
    case .malformed(let format, let reason): "not a valid \(format): \(reason)"
    case .wrongPassphrase: "wrong passphrase"
    case .passphraseNeeded: "this file is encrypted and needs a passphrase"
    case .unsupported(let what): "\(what) is not supported"
    case .uneditable(let line, let reason, _): "line \(line): \(reason)"
    case .unacceptable(let reason, _): reason
    case .tooLarge(let what, let limit): "\(what) exceeds the limit of \(limit)"
    }
  }

  package var hint: String? {
    switch self {
    case .notPEM: "a PEM block starts with -----BEGIN; `countersign inspect` says what a file holds"
    case .malformed, .tooLarge: "`countersign inspect` says what a file holds"
    case .wrongPassphrase: "use the passphrase that the file was written with; a damaged file looks the same"
    case .passphraseNeeded: "name a file that holds it"
    case .uneditable(_, _, let hint), .unacceptable(_, let hint): hint
    case .unsupported: nil
    }
  }

  package var kind: FailureKind { .badInput }
}
