import ArgumentParser
import Credentials
import Formats
import Foundation
import Glibc
import Ledger
import LedgerSQLite

struct CABackup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Write keys, ledger and configuration to one encrypted file.",
    discussion: """
      The file is encrypted with the passphrase given here, also where the CA key itself is stored without one.
        countersign ca backup -o countersign.backup --passphrase-file ca.pass
      """)

  @OptionGroup var common: CommonOptions
  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file")) var out: String
  @OptionGroup var passphrase: PassphraseOptions

  func run() async throws {
    let authority = try Home(common.home).authority()
    let secret = try passphrase.source.new(for: "the backup")
    let ledger = try authority.home.ledger()
    try await ledger.append(
      EventEntry(kind: .authorityBackedUp, actor: operatorName(), subject: "authority"), at: Date())
    var random = SystemRandomNumberGenerator()
    let sealed = try BackupFile(entries: try entries(authority, ledger: ledger)).seal(
      passphrase: secret, using: &random)
    try OutputFiles.write(sealed, path: out, access: .secret)
    try common.console.report(DoneFacts(action: "authority backed up", files: [out]))
  }

  private func entries(_ authority: Authority, ledger: SQLiteLedger) throws -> [BackupFile.Entry] {
    let home = authority.home
    let copy = "\(home.path)/.backup.\(getpid()).db"
    defer { unlink(copy) }
    unlink(copy)
    try ledger.backup(to: copy)
    var entries = [BackupFile.Entry(name: "ledger.db", bytes: try InputFile.read(copy, limit: BackupFile.sizeLimit))]
    for issuer in authority.issuers {
      let number = issuer.number
      entries.append(
        .init(name: "authority/issuer-\(number).crt", bytes: try InputFile.read(home.certificatePath(number))))
      // The key of a root may be kept elsewhere; the one that signs has to be here.
      guard number == authority.issuers.last?.number || OutputFiles.exists(home.keyPath(number)) else { continue }
      entries.append(.init(name: "authority/issuer-\(number).key", bytes: try InputFile.read(home.keyPath(number))))
    }
    if OutputFiles.exists(home.configurationPath) {
      entries.append(.init(name: "config.yaml", bytes: try InputFile.read(home.configurationPath)))
    }
    return entries
  }
}

struct CARestore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Bring an authority back from its backup, into an empty home.")

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("A file that `ca backup` wrote.", valueName: "file")) var file: String
  @OptionGroup var passphrase: PassphraseOptions

  func run() async throws {
    let home = Home(common.home)
    try home.requireEmpty()
    let sealed = try InputFile.read(file, limit: BackupFile.sizeLimit)
    let backup = try BackupFile(sealed: sealed) { try passphrase.source.existing(for: file) }
    try OutputFiles.makeFolder(home.path, holdsKeys: true)
    try OutputFiles.makeFolder(home.authorityPath, holdsKeys: true)
    let staged = "\(home.path)/.restore.\(getpid()).db"
    defer { unlink(staged) }
    var files = OutputFiles()
    // Certificates come last: an issuer exists once its certificate does.
    for entry in backup.entries.sorted(by: { !$0.name.hasSuffix(".crt") && $1.name.hasSuffix(".crt") }) {
      switch entry.name {
      case "ledger.db":
        try OutputFiles.write(entry.bytes, path: staged, access: .secret)
        try await SQLiteLedger.restore(staged, to: home.ledgerPath, by: operatorName(), at: Date())
      case "config.yaml": try files.add(entry.bytes, path: home.configurationPath, access: .open)
      default:
        try files.add(
          entry.bytes, path: "\(home.path)/\(entry.name)", access: entry.name.hasSuffix(".key") ? .secret : .open)
      }
    }
    try files.publish()
    try await home.ledger().append(
      EventEntry(kind: .authorityRestored, actor: operatorName(), subject: "authority"), at: Date())
    try common.console.report(try AuthorityFacts(home.authority()))
  }
}
