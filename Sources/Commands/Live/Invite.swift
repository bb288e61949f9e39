import ArgumentParser
import Credentials
import Foundation
import Orchestrator

struct Invite: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "invite", abstract: "Make a join string, with which a node may enrol.",
    discussion: """
      The join string is a secret. It says where the orchestrator is, how to know it, and lets a node in.
        countersign invite node-1.example.org -o node-1.join
        countersign invite --org ORG2 --dns .org2.example --for 7d --uses 20
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The one node that may use it: its common name.", valueName: "name")) var name: String?
  @Option(help: ArgumentHelp("The organization that its nodes have.", valueName: "org")) var org: String?
  @Option(help: ArgumentHelp("A DNS name, or a suffix that begins with a dot (repeatable).", valueName: "name"))
  var dns: [String] = []
  @Option(name: .customLong("for"), help: ArgumentHelp("How long it is good.", valueName: "duration"))
  var lifetime = DurationArgument(.seconds(3600))
  @Option(help: ArgumentHelp("How many certificates it is good for.", valueName: "n")) var uses = 1
  @Option(help: ArgumentHelp("Where nodes reach the orchestrator: https://HOST:PORT.", valueName: "url"))
  var url: String?
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The file to write (0600); standard output unless given.", valueName: "file"))
  var out: String?
  @OptionGroup var remote: RemoteOptions

  func validate() throws {
    if name == nil, org == nil, dns.isEmpty {
      throw ValidationError("say whom it is for: NAME, --org or --dns")
    }
    try lifetime.requireAccess()
    if url != nil, remote.orchestrator != nil { throw ValidationError("--url and --orchestrator exclude each other") }
  }

  func run() async throws {
    let wish = API.NewInvitation(
      name: name, organization: org, dns: dns.isEmpty ? nil : dns, uses: uses,
      lifetimeSeconds: Int(lifetime.duration.components.seconds))
    let created = try await administration(url: url).invite(wish)
    if let out, out != "-" {
      try OutputFiles.write(Array("\(created.joinString)\n".utf8), path: out, access: .secret)
      try common.console.report(InvitationFacts(created.invitation, file: out))
    } else if common.output == .json {
      try common.console.emit(created)
    } else {
      common.console.write(Array("\(created.joinString)\n".utf8))
      common.console.note(
        "good until \(created.invitation.expiresAt), \(created.invitation.uses == 1 ? "once" : "\(created.invitation.uses) times"); it is a secret"
      )
    }
  }
}

extension API.CreatedInvitation: Facts {
  func lines(_ style: TextStyle) -> [String] { [joinString] }
}

struct InvitationFacts: Facts {
  var invitation: API.Invitation
  var file: String?

  init(_ invitation: API.Invitation, file: String? = nil) {
    self.invitation = invitation
    self.file = file
  }

  func lines(_ style: TextStyle) -> [String] {
    fieldLines([
      ("invitation", invitation.id), ("for", invitation.purpose), ("uses", "\(invitation.used) of \(invitation.uses)"),
      ("good until", invitation.expiresAt), ("state", invitation.state.rawValue), ("wrote", file),
    ])
  }
}

extension API.Invitation {
  /// Whom it is for, in a few words.
  var purpose: String {
    ([name, organization.map { "O=\($0)" }].compactMap { $0 } + dns.map { "DNS:\($0)" }).joined(separator: ", ")
  }
}

struct Invitations: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invitations", abstract: "List and withdraw invitations.",
    subcommands: [InvitationsList.self, InvitationsWithdraw.self])
}

struct InvitationsList: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the invitations, newest first, without their secrets.")

  @OptionGroup var common: CommonOptions
  @Flag(help: "Also those that can't be used any more.") var all = false
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let found = try await administration().invitations(usableOnly: !all, limit: API.mostEntries)
    try common.console.emit(found)
  }
}

extension API.InvitationList: Facts {
  func lines(_ style: TextStyle) -> [String] {
    guard !invitations.isEmpty else { return ["no invitations"] }
    let rows = invitations.map {
      [$0.id, $0.state.rawValue, $0.purpose, "\($0.used)/\($0.uses)", $0.expiresAt, "by \($0.createdBy)"]
    }
    return TextTable(rows: [["ID", "STATE", "FOR", "USED", "UNTIL", "BY"]] + rows).lines { row, line in
      row == 0 ? style.bold(line) : line
    }
  }
}

struct InvitationsWithdraw: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "withdraw", abstract: "End an invitation; what it was used for stays.")

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The invitation's ID.", valueName: "id")) var id: String
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    try await administration().withdrawInvitation(id)
    try common.console.report(DoneFacts(action: "invitation withdrawn: \(id)", files: []))
  }
}
