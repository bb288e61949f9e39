import ArgumentParser
import Credentials
import Foundation

struct CACreate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Create an authority: a root key and its self-signed certificate.",
    discussion: """
      countersign ca create --name "Example Orchestrator CA" --passphrase-file ca.pass
      countersign ca create --name "Plant CA" --permit-dns plant.example --permit-ip 10.0.0.0/8
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("The authority's common name.", valueName: "name")) var name: String
  @Option(help: ArgumentHelp("The authority's organization.", valueName: "org")) var org: String?
  @Option(help: ArgumentHelp("The kind of key: \(KeyKind.list).", valueName: "kind")) var key: KeyKind = .p256
  @Option(help: ArgumentHelp("How long the root is valid.", valueName: "duration"))
  var lifetime = DurationArgument(.seconds(3650 * 86_400))
  @OptionGroup var passphrase: NewPassphraseOptions
  @OptionGroup var constraints: ConstraintOptions

  func run() async throws {
    let home = Home(common.home)
    try home.requireEmpty()
    let plan = try constraints.plan(name: name, organization: org, lifetime: lifetime.duration)
    for warning in plan.constraints.warnings { common.console.warn(warning) }
    let secret = try passphrase.newPassphrase(for: "the CA key")
    var random = SystemRandomNumberGenerator()
    let privateKey = try key.generate()
    let root = try Issuer.root(plan, key: privateKey, serial: .random(using: &random), at: Date())
    let stored = NewIssuer(number: 1, certificate: root.certificate, chain: [], key: privateKey, origin: .created)
    let authority = try await AuthoritySetup(home: home).store(stored, passphrase: secret)
    try common.console.report(try AuthorityFacts(authority))
  }
}

extension KeyKind {
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
