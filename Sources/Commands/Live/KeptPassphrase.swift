import Synchronization

/// The passphrase of the CA keys, asked for once: a person typed it, and a reload can't ask again.
final class KeptPassphrase: Sendable {
  private let source: PassphraseSource
  private let known = Mutex<String?>(nil)

  init(_ source: PassphraseSource) { self.source = source }

  /// - Parameter mayAsk: whether a person may be asked on the terminal.
  func text(for what: String, mayAsk: Bool) throws -> String {
    // A file is read again: it may hold another passphrase by now.
    if let stored = try source.stored() { return stored }
    if let known = known.withLock({ $0 }) { return known }
    guard mayAsk else {
      throw CommandError.usage(
        "a passphrase is needed for \(what), and a running service can't ask for it",
        hint: "restart the service, or name a file with --passphrase-file")
    }
    let text = try source.existing(for: what)
    known.withLock { $0 = text }
    return text
  }
}
