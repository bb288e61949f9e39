import ArgumentParser
import Credentials
import Foundation
import Glibc
import Ledger
import LedgerSQLite

struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Back up, restore and migrate the ledger alone.",
    subcommands: [LedgerBackup.self, LedgerRestore.self, LedgerMigrate.self])
}

struct LedgerBackup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy the ledger to one file, consistently, while others write.")

  @OptionGroup var common: CommonOptions
  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file")) var out: String

  func run() async throws {
    let home = Home(common.home)
    try home.ledgerForReading().backup(to: out)
    try common.console.report(DoneFacts(action: "ledger backed up", files: [out]))
  }
}

struct LedgerRestore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Replace the ledger by a backup, after checking it.")

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("A file that `ledger backup` wrote.", valueName: "file")) var file: String

  func run() async throws {
    let home = Home(common.home)
    _ = try home.authority()
    guard OutputFiles.exists(file) else { throw FileFailure(.read, file, ENOENT) }
    do throws(LedgerError) {
      try await SQLiteLedger.restore(file, to: home.ledgerPath, by: operatorName(), at: Date())
    } catch {
      // The backup is what the operator named; the hint to restore one does not help here.
      guard case .corrupt(file, let detail) = error else { throw error }
      throw CommandError.usage(
        "\(file) can't be restored: it is damaged, or no ledger: \(detail)",
        hint: "name a file that `countersign ledger backup` wrote")
    }
    try common.console.report(DoneFacts(action: "ledger restored", files: [home.ledgerPath]))
  }
}

struct LedgerMigrate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate", abstract: "Bring the ledger's schema up to date.")

  @OptionGroup var common: CommonOptions

  func run() async throws {
    let versions = try SQLiteLedger.migrate(Home(common.home).ledgerPath)
    try common.console.report(
      DoneFacts(
        action: versions.from == versions.to
          ? "the ledger is up to date (schema \(versions.to))"
          : "ledger migrated from schema \(versions.from) to \(versions.to)", files: []))
  }
}

/// Something was done.
struct DoneFacts: Facts {
  var action: String
  var files: [String]

  func lines(_ style: TextStyle) -> [String] { [([action] + files).joined(separator: ": ")] }
}
