import ArgumentParser
import Credentials
import Enrolment
import Formats
import Orchestrator

struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Ask the policy.", subcommands: [PolicyTest.self])
}

struct PolicyTest: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Say what the policy would answer to a request, without signing it.",
    discussion: """
      Without --config it is the policy of the home, which the desk goes by.
        countersign policy test node-1.csr
        countersign policy test node-1.csr --config orchestrator.yaml --as token
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The request, PEM or DER.", valueName: "file.csr")) var file: String
  @Option(
    name: .customLong("as"),
    help: ArgumentHelp("How the request would be admitted: \(AdmissionKind.list).", valueName: "admission"))
  var admission: AdmissionKind = .desk
  @Option(help: ArgumentHelp("The profile it would be signed with.", valueName: "profile")) var profile: Profile?
  @Option(help: ArgumentHelp("The lifetime it would be signed for.", valueName: "duration")) var lifetime:
    DurationArgument?

  @Option(help: ArgumentHelp("The orchestrator.yaml that decides.", valueName: "file")) var config: String?

  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let request = try VerifiedRequest(try RequestFile.read(file).request)
    if let orchestrator = try remote.administration() { return try await test(request, at: orchestrator) }
    let home = Home(common.home)
    let decision: Decision
    let grant: Grant
    if let config {
      let configuration = try OrchestratorConfigurationFile.load(config, home: home)
      grant = self.grant(request, configuration.issuing.profile, configuration.issuing.lifetime)
      let offer = configuration.admission.offer(grant, as: admission)
      // Both have to allow it; the way in is looked at first, as the orchestrator does.
      if case .deny = offer { decision = offer } else { decision = configuration.policy.decide(grant, as: admission) }
    } else {
      let configuration = try home.configuration()
      grant = self.grant(request, configuration.defaults.profile, configuration.defaults.lifetime)
      decision = configuration.policy.decide(grant, as: admission)
    }
    try common.console.emit(DecisionFacts(decision, grant: grant))
    if case .deny = decision { throw NegativeAnswer() }
  }

  private func test(_ request: VerifiedRequest, at orchestrator: RemoteAdministration) async throws {
    guard config == nil else { throw CommandError.usage("--config and --orchestrator exclude each other") }
    let pem = PEM.encode("CERTIFICATE REQUEST", try request.signed.derBytes())
    let answer = try await orchestrator.testPolicy(
      API.PolicyQuestion(
        request: pem, admission: admission.rawValue, profile: profile?.rawValue,
        lifetimeSeconds: (lifetime?.duration.components.seconds).map { Int($0) }))
    let decision: Decision =
      answer.allowed ? .allow(rule: answer.rule) : .deny(rule: answer.rule, reason: answer.reason ?? "")
    let grant = Grant(
      request, profile: Profile(rawValue: answer.grant.profile) ?? .node,
      lifetime: .seconds(answer.grant.lifetimeSeconds))
    try common.console.emit(DecisionFacts(decision, grant: grant))
    if !answer.allowed { throw NegativeAnswer() }
  }

  private func grant(_ request: VerifiedRequest, _ usualProfile: Profile, _ usualLifetime: Duration) -> Grant {
    Grant(request, profile: profile ?? usualProfile, lifetime: lifetime?.duration ?? usualLifetime)
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
