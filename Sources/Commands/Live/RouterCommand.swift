import ArgumentParser
import Credentials
import Dispatch
import Foundation
import Glibc
import Logging
import Orchestrator
import Router

struct RouterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "router", abstract: "Mutual TLS for software that doesn't speak it.",
    subcommands: [RouterRun.self])
}

struct RouterRun: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Accept, decide by identity and forward, until told to stop.",
    discussion: """
        countersign router run --config /etc/countersign/router.yaml
      SIGHUP reads the configuration and all files again, SIGTERM stops. The log goes to standard error, the access log to
      standard output, a JSON object a line.
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("router.yaml.", valueName: "file")) var config: String

  func run() throws {
    signal(SIGPIPE, SIG_IGN)
    let signals = AwaitedSignals(SIGHUP, SIGTERM, SIGINT)
    raiseFileLimit()
    let path = config
    let read: @Sendable (String) throws -> [UInt8] = { try InputFile.read($0) }
    let parse: @Sendable () throws -> RouterConfiguration = {
      try RouterConfigurationFile(path: path).parse(try read(path))
    }
    let configuration = try parse()
    // Before the first thread is started, whose files it wouldn't hold for.
    let restriction = try Privileges.restrictFiles(configuration)
    let level = configuration.log.level
    let logger = Logger(label: "countersign") { _ in JSONLogHandler(level: common.verbose ? min(.debug, level) : level)
    }
    let service = try RouterService(
      .init(
        path: path, configuration: parse, read: read, environment: ProcessInfo.processInfo.environment, logger: logger))
    try Privileges.drop(configuration)
    warnOfUnreadable(configuration, logger)
    if restriction == .unavailable { logger.notice("this kernel can't close file systems to a process (Landlock)") }
    for (name, address) in service.addresses.sorted(by: { $0.key < $1.key }) {
      logger.info("listening", metadata: ["listener": "\(name)", "address": "\(address)"])
    }
    let manager = SystemdNotification(environment: ProcessInfo.processInfo.environment)
    // A reload may take long, and a stop doesn't wait for it.
    let reloads = DispatchQueue(label: "reload")
    signals.deliver { number in
      guard number == SIGHUP else {
        manager.stopping()
        return service.stop()
      }
      reloads.async {
        manager.reloading()
        do {
          try service.reload()
          manager.ready("serving")
        } catch {
          manager.ready("serving; the last reload changed nothing")
        }
      }
    }
    let watchdog = manager.interval.map { interval in
      tick(interval) { service.pulse { manager.alive() } }
    }
    manager.ready("serving")
    withExtendedLifetime(watchdog) { service.run() }
  }

  /// Said now, and not when something has to be renewed.
  private func warnOfUnreadable(_ configuration: RouterConfiguration, _ logger: Logger) {
    for (file, reason) in Privileges.unreadable(configuration, at: config) {
      logger.warning(
        "a reload will not be able to read \(file)",
        metadata: [
          "user": "\(configuration.user ?? "")", "reason": "\(reason)",
          "hint": "let that user read it: one file that can't be read holds back all changes",
        ])
    }
  }

  private func tick(_ interval: Duration, _ body: @escaping @Sendable () -> Void) -> any DispatchSourceTimer {
    let timer = DispatchSource.makeTimerSource(queue: .global())
    let parts = interval.components
    let nanoseconds = Int(parts.seconds) * 1_000_000_000 + Int(parts.attoseconds / 1_000_000_000)
    timer.schedule(deadline: .now(), repeating: .nanoseconds(nanoseconds))
    timer.setEventHandler(handler: body)
    timer.resume()
    return timer
  }
}
