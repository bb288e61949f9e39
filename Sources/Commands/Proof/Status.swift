import ArgumentParser
import Credentials
import Foundation
import Ledger
import LedgerSQLite

struct Status: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say what expires when: files, folders, live servers, the ledger.",
    discussion: """
      With nothing named: all that the ledger knows; beyond \(LedgerStatus.listLimit) certificates only those that need
      attention, unless --verbose. Exit code 1 when anything is inside the warning.
        countersign status
        countersign status /etc/countersign orchestrator.example.org:8443 --warn 14d
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("A file, a folder, or HOST:PORT.", valueName: "file|dir|host:port")) var targets:
    [String] = []
  @Option(help: ArgumentHelp("Warn when less than this is left.", valueName: "duration"))
  var warn = DurationArgument(.seconds(30 * 86_400))
  @Option(help: ArgumentHelp("Critical when less than this is left.", valueName: "duration"))
  var critical = DurationArgument(.seconds(7 * 86_400))

  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let judge = ExpiryJudge(now: Date(), warn: warn.duration, critical: critical.duration)
    let facts: StatusFacts
    var failure: (any ExplainedError)?
    if let orchestrator = try remote.administration() {
      guard targets.isEmpty else {
        throw CommandError.usage("files and servers are looked at from here: leave --orchestrator out")
      }
      facts = try await RemoteStatus(
        orchestrator: orchestrator, judge: judge, warn: warn.duration, critical: critical.duration,
        listsAll: common.verbose
      ).facts()
    } else if targets.isEmpty {
      facts = try await LedgerStatus(home: Home(common.home), judge: judge, listsAll: common.verbose).facts()
    } else {
      var items: [StatusItem] = []
      for target in targets {
        do {
          items += try await TargetStatus(judge: judge).items(target)
        } catch let error as any ExplainedError where targets.count > 1 {
          // One that can't be looked at hides none of the others.
          items.append(StatusItem(level: .critical, state: "not seen", subject: error.message, source: target))
          failure = failure ?? error
        }
      }
      facts = StatusFacts(items: items, judge: judge)
    }
    try common.console.emit(facts)
    if let failure { throw failure }
    if facts.level > .ok { throw NegativeAnswer() }
  }
}

/// How urgent something is.
enum StatusLevel: String, Encodable, Comparable {
  case ok, warning, critical

  private var rank: Int {
    switch self {
    case .ok: 0
    case .warning: 1
    case .critical: 2
    }
  }

  static func < (left: StatusLevel, right: StatusLevel) -> Bool { left.rank < right.rank }
}

/// Judges expiry against the operator's thresholds.
struct ExpiryJudge {
  let now: Date
  let warning: Date
  let critical: Date

  init(now: Date, warn: Duration, critical: Duration) {
    self.now = now
    warning = now + Double(warn.components.seconds)
    self.critical = now + Double(critical.components.seconds)
  }

  func level(_ notAfter: Date) -> StatusLevel {
    notAfter < critical ? .critical : notAfter < warning ? .warning : .ok
  }

  /// Of a certificate that the orchestrator renews by itself: nobody has to care before a quarter of its life is left,
  /// which only happens where the orchestrator doesn't run.
  func level(_ notAfter: Date, renewedSince notBefore: Date) -> StatusLevel {
    let isDue = now >= notAfter - notAfter.timeIntervalSince(notBefore) / 4
    return isDue ? level(notAfter) : .ok
  }

  /// `89d left`, `5h left`, `expired 3d ago`.
  func remaining(_ notAfter: Date) -> String {
    let seconds = notAfter.timeIntervalSince(now)
    let text = Self.text(abs(seconds))
    return seconds < 0 ? "expired \(text) ago" : "\(text) left"
  }

  private static func text(_ seconds: Double) -> String {
    if seconds >= 2 * 86_400 { return "\(Int(seconds / 86_400))d" }
    if seconds >= 2 * 3_600 { return "\(Int(seconds / 3_600))h" }
    return "\(Int(seconds / 60))m"
  }
}

/// One certificate, or one thing that should have shown a certificate.
struct StatusItem: Encodable {
  var level: StatusLevel
  var state: String
  var subject: String
  var names: [String]
  var serial: String?
  var notAfter: String?
  var remaining: String?
  var source: String

  /// - Parameter renewedSince: the beginning of a certificate that renews itself.
  init(
    _ subject: String, names: [String], serial: String?, notAfter: Date, source: String, judge: ExpiryJudge,
    renewedSince: Date? = nil
  ) {
    level = renewedSince.map { judge.level(notAfter, renewedSince: $0) } ?? judge.level(notAfter)
    state = notAfter < judge.now ? "expired" : level == .ok ? "valid" : "expiring"
    self.subject = subject
    self.names = names
    self.serial = serial
    self.notAfter = rfc3339(notAfter)
    remaining = judge.remaining(notAfter)
    self.source = source
  }

  init(level: StatusLevel, state: String, subject: String, serial: String? = nil, source: String) {
    self.level = level
    self.state = state
    self.subject = subject
    names = []
    self.serial = serial
    self.source = source
  }
}

struct StatusFacts: Facts {
  struct Summary: Encodable {
    var ok = 0
    var warning = 0
    var critical = 0
    var expired = 0
    var revoked: Int?
    var superseded: Int?
    var neverIssued: Int?

    mutating func count(_ item: StatusItem) {
      switch (item.state, item.level) {
      case ("expired", _): expired += 1
      case (_, .critical): critical += 1
      case (_, .warning): warning += 1
      case (_, .ok): ok += 1
      }
    }
  }

  var level: StatusLevel
  var summary: Summary
  var items: [StatusItem]
  /// How many more there are than `items` shows.
  var unlisted: Int

  init(items: [StatusItem], summary: Summary? = nil, unlisted: Int = 0, judge: ExpiryJudge) {
    self.items = items
    self.unlisted = unlisted
    var counted = Summary()
    for item in items { counted.count(item) }
    self.summary = summary ?? counted
    let worst = items.map(\.level).max() ?? .ok
    let isCritical = self.summary.critical + self.summary.expired > 0
    level = max(worst, isCritical ? .critical : self.summary.warning > 0 ? .warning : .ok)
  }

  func lines(_ style: TextStyle) -> [String] {
    guard !items.isEmpty || unlisted > 0 else { return ["no certificates"] }
    let rows = items.map { item in
      [item.level.rawValue, item.remaining ?? item.state, item.subject, item.serial ?? "-", item.source]
    }
    var lines = TextTable(rows: [["LEVEL", "EXPIRY", "SUBJECT", "SERIAL", "SOURCE"]] + rows).lines { row, line in
      guard row > 0 else { return style.bold(line) }
      return items[row - 1].level.colored(line, style)
    }
    lines.append(summaryLine)
    return lines
  }

  private var summaryLine: String {
    let counts: [(Int, String)] = [
      (summary.ok, "ok"), (summary.warning, "warning"), (summary.critical, "critical"), (summary.expired, "expired"),
      (summary.revoked ?? 0, "revoked"), (summary.superseded ?? 0, "superseded"),
      (summary.neverIssued ?? 0, "never issued"),
    ]
    let text = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return text + (unlisted > 0 ? "; \(unlisted) not listed (--verbose lists all)" : "")
  }
}

extension StatusLevel {
  func colored(_ line: String, _ style: TextStyle) -> String {
    switch self {
    case .ok: line
    case .warning: style.yellow(line)
    case .critical: style.red(line)
    }
  }
}
