import ArgumentParser
import Credentials
import Foundation
import Ledger
import Orchestrator

extension AccessToken.Role: ExpressibleByArgument {}

struct OrchestratorAccess: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "access", abstract: "Make, list and withdraw access to the administration interface.",
    subcommands: [AccessCreate.self, AccessList.self, AccessWithdraw.self], defaultSubcommand: AccessCreate.self)
}

struct AccessCreate: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Make an access file for a person or a program.",
    discussion: """
      The file is a secret. `create` may be left out.
        countersign orchestrator access ada --role operator -o ada.access
        countersign --orchestrator https://orchestrator.example.org:8443 nodes list --access-file ada.access
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("Whom events name.", valueName: "name")) var name: String
  @Option(
    help: ArgumentHelp("What it permits: reader, operator or administrator.", valueName: "role"))
  var role: AccessToken.Role
  @Option(name: .customLong("for"), help: ArgumentHelp("How long it is good.", valueName: "duration"))
  var lifetime = DurationArgument(.seconds(90 * 86_400))
  @Option(help: ArgumentHelp("Where the orchestrator is reached: https://HOST:PORT.", valueName: "url"))
  var url: String?
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write (0600); standard output unless given.", valueName: "file"))
  var out: String?
  @OptionGroup var remote: RemoteOptions

  func validate() throws {
    try lifetime.requireAccess()
    if url != nil, remote.orchestrator != nil { throw ValidationError("--url and --orchestrator exclude each other") }
  }

  func run() async throws {
    let wish = API.NewAccessToken(
      name: name, role: role.rawValue, lifetimeSeconds: Int(lifetime.duration.components.seconds))
    let created = try await administration(url: url).createAccessToken(wish)
    if let out, out != "-" {
      try OutputFiles.write(Array("\(created.accessString)\n".utf8), path: out, access: .secret)
      try common.console.report(AccessFacts(accessToken: created.accessToken, file: out))
    } else if common.output == .json {
      try common.console.emit(created)
    } else {
      common.console.write(Array("\(created.accessString)\n".utf8))
      common.console.note("good until \(created.accessToken.expiresAt); it is a secret")
    }
  }
}

extension API.CreatedAccessToken: Facts {
  func lines(_ style: TextStyle) -> [String] { [accessString] }
}

struct AccessFacts: Facts {
  var accessToken: API.AccessToken
  var file: String

  func lines(_ style: TextStyle) -> [String] {
    fieldLines([
      ("access", accessToken.id), ("name", accessToken.name), ("role", accessToken.role),
      ("good until", accessToken.expiresAt), ("wrote", file),
    ])
  }
}

struct AccessList: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List who has access, without the secrets.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var remote: RemoteOptions

  func run() async throws { try common.console.emit(try await administration().accessTokens()) }
}

extension API.AccessTokenList: Facts {
  func lines(_ style: TextStyle) -> [String] {
    guard !accessTokens.isEmpty else { return ["no access"] }
    let rows = accessTokens.map { [$0.id, $0.state.rawValue, $0.name, $0.role, $0.expiresAt, "by \($0.createdBy)"] }
    return TextTable(rows: [["ID", "STATE", "NAME", "ROLE", "UNTIL", "BY"]] + rows).lines { row, line in
      row == 0 ? style.bold(line) : line
    }
  }
}

struct AccessWithdraw: AdministrativeCommand {
  static let configuration = CommandConfiguration(commandName: "withdraw", abstract: "End an access.")

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The access's ID.", valueName: "id")) var id: String
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    try await administration().withdrawAccessToken(id)
    try common.console.report(DoneFacts(action: "access withdrawn: \(id)", files: []))
  }
}
