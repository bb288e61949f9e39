import ArgumentParser
import Credentials

struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Ask the policy.", subcommands: [PolicyTest.self])
}

struct PolicyTest: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Say what the policy would answer to a request, without signing it.",
    discussion: "countersign policy test node-1.csr --as token")

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The request, PEM or DER.", valueName: "file.csr")) var file: String
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp("How the request would be admitted: \(AdmissionKind.list).", valueName: "admission"))
  var admission: AdmissionKind = .desk
  @Option(help: ArgumentHelp("The profile it would be signed with.", valueName: "profile")) var profile: Profile?
  @Option(help: ArgumentHelp("The lifetime it would be signed for.", valueName: "duration")) var lifetime:
    DurationArgument?

  func run() async throws {
    let configuration = try Home(common.home).configuration()
    let request = try VerifiedRequest(try RequestFile.read(file).request)
    let grant = Grant(
      request, profile: profile ?? configuration.defaults.profile,
      lifetime: lifetime?.duration ?? configuration.defaults.lifetime)
    let decision = configuration.policy.decide(grant, as: admission)
    try common.console.emit(DecisionFacts(decision, grant: grant))
    if case .deny = decision { throw NegativeAnswer() }
  }
}

extension AdmissionKind {
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

struct DecisionFacts: Facts {
  var allowed: Bool
  var rule: String
  var reason: String?
  var request: GrantFacts

  init(_ decision: Decision, grant: Grant) {
    switch decision {
    case .allow(let rule): (allowed, self.rule, reason) = (true, rule, nil)
    case .deny(let rule, let why): (allowed, self.rule, reason) = (false, rule, why)
    }
    request = GrantFacts(grant, rule: rule)
  }

  func lines(_ style: TextStyle) -> [String] {
    let verdict = allowed ? style.green("allowed") : style.red("denied")
    return request.lines(style) + ["\(verdict) by rule \(rule)" + (reason.map { ": \($0)" } ?? "")]
  }
}
