import ArgumentParser

/// The password of a key store, as Java and PKCS#12 call it.
struct PasswordOptions: ParsableArguments {
  @Option(help: ArgumentHelp("A file that holds the password of the store or key.", valueName: "file"))
  var passwordFile: String?

  /// - Throws: a ``CommandError`` (exit 2) where there is neither file nor terminal.
  func password(for what: String) throws -> String {
    if let text = try optional() { return text }
    guard let typed = try Terminal.readSecret("Password of \(what): ") else {
      throw CommandError.usage("\(what) needs a password", hint: "name a file that holds it with --password-file")
    }
    return typed
  }

  func optional() throws -> String? { try passwordFile.map { try PassphraseSource.read($0) } }
}
