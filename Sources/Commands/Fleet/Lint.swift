import ArgumentParser
import Credentials
import Foundation
import Systems

struct Lint: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Say what is wrong with a fleet file, a router.yaml, and the files of the systems that are set up.",
    discussion: """
      Values files, config.toml, manifests of Secrets and ConfigMaps, PEM files, key stores; folders with all that is
      in them. Of a fleet file: what it says, the files that it names, and `out` beside it, where it is there. Of a
      router.yaml: what `router run` would say of it and of the files that it names. Exit code 1 when something is
      wrong.
        countersign lint fleet.yaml
        countersign lint /etc/countersign/router.yaml
        countersign lint values.yaml secrets/ --warn 14d
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("Files and folders, judged together.", valueName: "file")) var files: [String]
  @Option(
    help: ArgumentHelp(
      "Report certificates with less left than this.",
      discussion: "Default: 30d; of a fleet file, its renewBefore where that is shorter.", valueName: "duration"))
  var warn: DurationArgument?

  func run() async throws {
    var run = LintRun(now: Date(), warning: warn?.duration)
    for path in files { try run.add(path) }
    let facts = try run.facts()
    try common.console.emit(facts)
    if !facts.findings.isEmpty { throw NegativeAnswer() }
  }
}

struct LintFacts: Facts {
  var findings: [Finding]
  /// How many files were looked at.
  var files: Int
  var errors: Int
  var warnings: Int

  init(findings: [Finding], files: Int) {
    self.findings = findings
    self.files = files
    errors = findings.count { $0.severity == .error }
    warnings = findings.count - errors
  }

  func lines(_ style: TextStyle) -> [String] {
    let blocks = findings.flatMap { finding in
      let place = finding.line.map { "\(finding.file):\($0)" } ?? finding.file
      let line = "\(place): \(finding.severity.rawValue): \(finding.what)"
      return [
        finding.severity == .error ? style.red(line) : style.yellow(line), "  why: \(finding.why)",
        "  fix: \(finding.fix)", "",
      ]
    }
    return blocks + [summary]
  }

  private var summary: String {
    func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
    guard !findings.isEmpty else { return "nothing is wrong in \(count(files, "file"))" }
    let found = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }.map { count($0.0, $0.1) }
    return "\(found.joined(separator: ", ")) in \(count(files, "file"))"
  }
}
