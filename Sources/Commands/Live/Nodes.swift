import ArgumentParser
import Credentials
import Enrolment
import Foundation
import Ledger
import Orchestrator

struct Nodes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "nodes", abstract: "Say what is known of nodes, and decide on them.",
    subcommands: [
      NodesList.self, NodesShow.self, NodesApprove.self, NodesDeny.self, NodesRevoke.self, NodesReadmit.self,
    ])
}

/// A node by its name.
struct NodeName: ParsableArguments {
  @Argument(help: ArgumentHelp("The node's name: its common name.", valueName: "name")) var name: String
  @Option(
    help: ArgumentHelp("Its organization, where nodes of several have the name.", valueName: "org"))
  var org: String?
}

struct NodesList: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List all nodes, and the requests that wait for an operator.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let administration = try administration()
    let nodes = try await administration.allNodes()
    let waiting = try await administration.requests(.waiting, name: nil).requests
    try common.console.emit(NodeListFacts(nodes: nodes, waiting: waiting))
  }
}

struct NodesShow: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show a node: its certificates, how it was let in, when it was last seen.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var node: NodeName
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let administration = try administration()
    let waiting = try await administration.waiting(node.name, organization: node.org)
    do {
      let detail = try await administration.node(node.name, organization: node.org)
      try common.console.emit(
        NodeFacts(node: detail.node, certificates: detail.certificates, waiting: waiting))
    } catch {
      // One that only waits has no certificate yet.
      guard !waiting.isEmpty else { throw error }
      try common.console.emit(NodeFacts(node: nil, certificates: [], waiting: waiting))
    }
  }
}

struct NodesApprove: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Let a waiting node have its certificate.",
    discussion: """
      The code is what the node shows. Only the request with that code is approved; wrong codes deny it after some tries.
        countersign nodes approve node-1.example.org --code ABCD-EFGH-2345
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var node: NodeName
  @Option(help: ArgumentHelp("The pairing code that the node shows.", valueName: "code")) var code: String
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let administration = try administration()
    let waiting = try await administration.waiting(node.name, organization: node.org)
    // Somebody else may wait under the same name: the code says which request is meant.
    let meant = waiting.first { PairingCode.matches(code, $0.pairingCode) } ?? waiting.first
    guard let meant else { throw AdministrationError.noSuch("a waiting request of \(node.name)") }
    try common.console.report(try await administration.approve(meant.id, API.Approval(code: code)))
  }
}

struct NodesDeny: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "deny", abstract: "Refuse the requests of a name that wait.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var node: NodeName
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let administration = try administration()
    let waiting = try await administration.waiting(node.name, organization: node.org)
    guard !waiting.isEmpty else { throw AdministrationError.noSuch("a waiting request of \(node.name)") }
    for request in waiting { try common.console.report(try await administration.deny(request.id)) }
  }
}

struct NodesRevoke: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Revoke all certificates of a node, and issue no more to it.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var node: NodeName
  @Option(help: ArgumentHelp("Why: \(RevocationRecord.Reason.list).", valueName: "reason"))
  var reason: RevocationRecord.Reason = .unspecified
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let wish = API.NodeRevocation(organization: node.org, reason: reason.rawValue)
    try common.console.report(try await administration().shutOut(node.name, wish))
  }
}

struct NodesReadmit: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "readmit", abstract: "Let a node that was revoked enrol again; what is revoked stays revoked.")

  @OptionGroup var common: CommonOptions
  @OptionGroup var node: NodeName
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    try common.console.report(
      try await administration().readmit(node.name, API.Readmission(organization: node.org)))
  }
}
