import ArgumentParser
import Foundation

/// Where the passphrase of the stored CA keys comes from.
struct PassphraseOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file that holds the passphrase of the stored CA key.",
      discussion:
        "Else $COUNTERSIGN_PASSPHRASE_FILE, else the systemd credential countersign-passphrase, else a prompt.",
      valueName: "file"))
  var passphraseFile: String?

  var source: PassphraseSource {
    PassphraseSource(file: passphraseFile, environment: ProcessInfo.processInfo.environment)
  }
}

/// As ``PassphraseOptions``, where a new key is stored.
struct NewPassphraseOptions: ParsableArguments {
  @OptionGroup var passphrase: PassphraseOptions

  @Flag(help: "Store the CA key without encryption.")
  var noPassphrase = false

  func validate() throws {
    if noPassphrase, passphrase.passphraseFile != nil {
      throw ValidationError("--passphrase-file and --no-passphrase exclude each other")
    }
  }

  /// The passphrase for a new key; nil when the operator wants none.
  func newPassphrase(for what: String) throws -> String? {
    noPassphrase ? nil : try passphrase.source.new(for: what)
  }
}

/// Finds a passphrase, in the order that the manual gives. No secret is ever an argument.
struct PassphraseSource {
  private let file: String?
  private let credential: String?

  init(file: String?, environment: [String: String]) {
    self.file = file ?? environment["COUNTERSIGN_PASSPHRASE_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    let path = environment["CREDENTIALS_DIRECTORY"].map { "\($0)/countersign-passphrase" }
    credential = path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
  }

  /// The passphrase of something that exists.
  func existing(for what: String) throws -> String {
    if let text = try stored() { return text }
    guard let text = try Terminal.readSecret("Passphrase for \(what): ") else { throw missing(what) }
    return text
  }

  /// A passphrase for something new, typed twice where it is typed.
  func new(for what: String) throws -> String {
    if let text = try stored() { return text }
    guard let text = try Terminal.readSecret("New passphrase for \(what): ") else { throw missing(what) }
    guard !text.isEmpty else {
      throw CommandError.usage(
        "the passphrase is empty", hint: "type one, or store the key plain with --no-passphrase")
    }
    guard try Terminal.readSecret("Once more: ") == text else {
      throw CommandError.usage(
        "the passphrases differ", hint: "run the command again and type the same one twice")
    }
    return text
  }

  private func missing(_ what: String) -> CommandError {
    .usage(
      "a passphrase is needed for \(what), and there is no terminal to ask on",
      hint: "name a file with --passphrase-file or $COUNTERSIGN_PASSPHRASE_FILE")
  }

  /// The passphrase without asking anybody; nil where none is stored.
  func stored() throws -> String? {
    guard let path = file ?? credential else { return nil }
    return try Self.read(path)
  }

  /// The first line of a file; a secret's file usually ends in a newline that is not part of it.
  static func read(_ path: String) throws -> String {
    let bytes = try InputFile.read(path, limit: 64 << 10)
    let line = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    guard !line.isEmpty else {
      throw CommandError.usage("\(path) holds no passphrase", hint: "its first line is the passphrase")
    }
    guard let text = String(validating: line, as: UTF8.self) else {
      throw CommandError.usage("\(path) is not UTF-8 text")
    }
    return text
  }
}
