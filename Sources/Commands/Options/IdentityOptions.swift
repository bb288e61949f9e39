import ArgumentParser
import Credentials

/// Who a new key belongs to.
struct IdentityOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The node's name: its common name, exactly.", valueName: "name")) var name: String
  @Option(help: ArgumentHelp("The node's organization.", valueName: "org")) var org: String?
  @Option(help: ArgumentHelp("A DNS name, with a wildcard as leftmost label at most (repeatable).", valueName: "name"))
  var dns: [String] = []
  @Option(help: ArgumentHelp("An IPv4 or IPv6 address (repeatable).", valueName: "address")) var ip: [String] = []
  @Option(help: ArgumentHelp("A URI, such as a SPIFFE ID (repeatable).", valueName: "uri")) var uri: [String] = []
  @Option(help: ArgumentHelp("The kind of key: \(KeyKind.list).", valueName: "kind")) var key: KeyKind?
  @Flag(help: "Encrypt the node's private key.") var encryptKey = false
  @Option(help: ArgumentHelp("A file that holds the passphrase of the node's key.", valueName: "file"))
  var keyPassphraseFile: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write to.", valueName: "dir")) var out: String = "."

  func validate() throws {
    if name.contains("/") || name.isEmpty || name == "." || name == ".." {
      throw ValidationError("NAME is also a file name: it must not be empty or contain a slash")
    }
    if keyPassphraseFile != nil, !encryptKey { throw ValidationError("--key-passphrase-file goes with --encrypt-key") }
  }

  func identity() throws -> Identity {
    var names: [SubjectName] = try dns.map { .dns(try DNSName($0)) }
    for text in ip {
      guard let address = IPAddress(text) else { throw IdentityError.invalidIPAddress(text) }
      names.append(.ip(address))
    }
    names += try uri.map { .uri(try URIName($0)) }
    return try Identity(commonName: name, organization: org, names: names)
  }

  /// The passphrase of the node's own key; nil where it is stored plain, as most consumers need it.
  func keyPassphrase() throws -> String? {
    guard encryptKey else { return nil }
    if let keyPassphraseFile { return try PassphraseSource.read(keyPassphraseFile) }
    guard let typed = try Terminal.readSecret("New passphrase for \(name).key: ") else {
      throw CommandError.usage(
        "a passphrase is needed for \(name).key, and there is no terminal to ask on",
        hint: "name a file with --key-passphrase-file")
    }
    return typed
  }

  func path(_ suffix: String) -> String { out == "." ? "\(name)\(suffix)" : "\(out)/\(name)\(suffix)" }

  func siblingPath(_ file: String) -> String { out == "." ? file : "\(out)/\(file)" }
}
