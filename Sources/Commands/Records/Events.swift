import ArgumentParser
import Credentials
import Foundation
import Ledger
import LedgerSQLite
import Orchestrator
import X509

struct Events: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "Show or verify the record of all that the authority did.",
    discussion: """
      --verify finds edited, missing and inserted records. What was cut off at the end it finds only against a
      checkpoint that was kept elsewhere: the line that it prints.
        countersign events --verify > checkpoint    (keep it on another machine)
        countersign events --verify --checkpoint checkpoint
      """)

  @OptionGroup var common: CommonOptions
  @Flag(help: "Verify the record.") var verify = false
  @Option(help: ArgumentHelp("A checkpoint that was kept elsewhere.", valueName: "file")) var checkpoint: String?
  @Flag(help: "Go on and show new events as they come.") var follow = false

  @OptionGroup var remote: RemoteOptions

  func validate() throws {
    if verify, remote.orchestrator != nil {
      throw ValidationError("--verify reads the record itself, and works on the home only")
    }
    if checkpoint != nil, !verify { throw ValidationError("--checkpoint goes with --verify") }
    if verify, follow { throw ValidationError("--verify and --follow exclude each other") }
  }

  func run() async throws {
    if let orchestrator = try remote.administration() { return try await show(orchestrator) }
    let home = Home(common.home)
    let authority = try home.authority()
    let ledger = try home.ledgerForReading()
    if verify { return try await verify(ledger, roots: authority.trustBundle) }
    if follow {
      for try await event in ledger.follow(after: 0, every: .milliseconds(500)) { try emit(event) }
      return
    }
    var last: Int64 = 0
    var all: [EventFacts] = []
    while true {
      let page = try await ledger.events(after: last, limit: 1000)
      // A page at a time: the record of years doesn't fit into memory.
      if common.output == .json {
        for event in page { try emit(event) }
      } else {
        all += page.map(EventFacts.init)
      }
      guard let end = page.last else { break }
      last = end.sequence
    }
    if common.output != .json { try common.console.emit(EventListFacts(events: all)) }
  }

  private func emit(_ event: Event) throws { try emit(EventFacts(event)) }

  private func emit(_ facts: EventFacts) throws {
    guard common.output == .json else { return try common.console.emit(facts) }
    // One line an event, so that a reader of the stream knows where each ends.
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    common.console.write(Array(try encoder.encode(facts)) + [UInt8(ascii: "\n")])
  }

  /// Page by page; with --follow it asks again for what is new.
  private func show(_ orchestrator: RemoteAdministration) async throws {
    var last: Int64 = 0
    var all: [EventFacts] = []
    while true {
      let page = try await orchestrator.events(after: last, limit: API.mostEntries)
      let facts = page.events.map(EventFacts.init)
      if follow || common.output == .json { for event in facts { try emit(event) } } else { all += facts }
      last = page.events.last?.sequence ?? last
      guard page.next == nil else { continue }
      guard follow else { break }
      try await Task.sleep(for: .seconds(1))
    }
    if common.output != .json { try common.console.emit(EventListFacts(events: all)) }
  }

  private func verify(_ ledger: some EventLog, roots: [Certificate]) async throws {
    let expected = try checkpoint.map { path in
      try SignedCheckpoint.decode(
        String(decoding: try InputFile.read(path, limit: Checkpoint.longestFile), as: UTF8.self))
    }
    let signer = try await expected?.1?.verify(roots: roots)
    let report = try await ledger.verify(against: expected?.0)
    var facts = VerificationFacts(report)
    facts.signedBy = signer.map { .init(subject: "\($0.certificate.subject)", at: rfc3339($0.at)) }
    try common.console.emit(facts)
    if !report.isIntact { throw NegativeAnswer() }
  }
}

struct EventFacts: Facts {
  var sequence: Int64
  var time: String
  var kind: String
  var actor: String
  var subject: String
  var detail: [String: String]
  var hash: String

  init(_ event: API.Event) {
    sequence = event.sequence
    time = event.time
    kind = event.kind
    actor = event.actor
    subject = event.subject
    detail = event.detail
    hash = event.hash
  }

  init(_ event: Event) {
    sequence = event.sequence
    time = rfc3339(event.time)
    kind = event.kind.rawValue
    actor = event.actor
    subject = event.subject
    detail = event.details
    hash = event.hash.hexadecimal
  }

  func lines(_ style: TextStyle) -> [String] { ["\(sequence)  \(time)  \(kind)  \(subject)  by \(actor)"] }
}

struct EventListFacts: Facts {
  var events: [EventFacts]

  func lines(_ style: TextStyle) -> [String] {
    TextTable(rows: events.map { ["\($0.sequence)", $0.time, $0.kind, $0.subject, "by \($0.actor)"] }).lines()
  }
}

struct VerificationFacts: Facts {
  struct Problem: Encodable {
    var kind: String
    var sequence: Int64?
    var serial: String?
    var explanation: String
  }

  struct SignedBy: Encodable {
    var subject: String
    var at: String
  }

  var intact: Bool
  var events: Int
  var certificates: Int
  var checkpoint: String?
  /// Who signed the checkpoint that was compared with, where it is signed.
  var signedBy: SignedBy?
  var problems: [Problem]
  var problemCount: Int

  init(_ report: LedgerReport) {
    intact = report.isIntact
    events = report.events
    certificates = report.certificates
    checkpoint = report.head.map { $0.encode().trimmingCharacters(in: .whitespacesAndNewlines) }
    problems = report.problems.map {
      Problem(kind: $0.kind.rawValue, sequence: $0.sequence, serial: $0.serial, explanation: $0.explanation)
    }
    problemCount = report.problemCount
  }

  func lines(_ style: TextStyle) -> [String] {
    let compared = signedBy.map { ["# compared with a checkpoint signed by \($0.subject) at \($0.at)"] } ?? []
    guard !intact else {
      return ["# \(style.green("intact")): \(events) events, \(certificates) certificates"] + compared
        + (checkpoint.map { [$0] } ?? [])
    }
    var lines = [
      "# \(style.red("not intact")): \(problemCount) problem\(problemCount == 1 ? "" : "s") in \(events) events, \(certificates) certificates"
    ]
    lines += compared
    for problem in problems {
      let place = [problem.sequence.map { "event \($0)" }, problem.serial.map { "serial \($0)" }].compactMap { $0 }
      lines.append("  \(problem.kind)  \(place.joined(separator: ", "))  \(problem.explanation)")
    }
    return lines
  }
}
