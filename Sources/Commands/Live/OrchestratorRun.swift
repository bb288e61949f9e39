import ArgumentParser
import Credentials
import Foundation
import Glibc
import Ledger
import LedgerSQLite
import Logging
import Orchestrator

struct OrchestratorRun: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Admit, issue, record and answer for what was issued, until told to stop.",
    discussion: """
      Signs with an intermediate. Where the home has only a root yet, makes one under it.
        countersign orchestrator run --config /etc/countersign/orchestrator.yaml
      SIGHUP reads the configuration again, SIGTERM stops. Logs go to standard error, a JSON object a line.
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("orchestrator.yaml.", valueName: "file")) var config: String
  @OptionGroup var passphrase: PassphraseOptions

  func run() async throws {
    signal(SIGPIPE, SIG_IGN)
    // Until it is asked for: a reload before the start is none.
    signal(SIGHUP, SIG_IGN)
    raiseFileLimit()
    let home = Home(common.home)
    let configuration = try readConfiguration(home)
    let logger = makeLogger(configuration)
    let keys = KeptPassphrase(passphrase.source)
    let authority = AuthorityOfHome(home: home, passphrase: keys, logger: logger)
    _ = try home.authority()
    let ledger = try openLedger(configuration.ledger, home: home)
    let live = try await authority.prepare(configuration)
    let core = OrchestratorCore(
      .init(configuration: configuration, authority: live), ledger: ledger, logger: logger)
    let edge = ServiceEdge(
      credentials: ServiceFolder(home.path + "/service"),
      notification: SystemdNotification(environment: ProcessInfo.processInfo.environment),
      jitter: Double.random(in: 0...1), version: countersignVersion
    ) { before in
      let new = try readConfiguration(home)
      return .init(configuration: new, authority: try authority.open(new, known: before.authority, mayAsk: false))
    }
    try await OrchestratorService(core: core, edge: edge).run()
    try ledger.close()
  }

  private func readConfiguration(_ home: Home) throws -> OrchestratorConfiguration {
    try OrchestratorConfigurationFile.load(config, home: home)
  }

  private func makeLogger(_ configuration: OrchestratorConfiguration) -> Logger {
    let level = common.verbose ? min(.debug, configuration.logLevel) : configuration.logLevel
    return Logger(label: "countersign") { _ in JSONLogHandler(level: level) }
  }

  private func openLedger(_ location: LedgerLocation, home: Home) throws -> SQLiteLedger {
    switch location {
    case .sqlite(let path):
      try (path == home.ledgerPath ? home.ledger() : SQLiteLedger.openOrCreate(path)).forService()
    case .postgres: throw ServiceFailure.databaseNotAvailable
    }
  }
}
