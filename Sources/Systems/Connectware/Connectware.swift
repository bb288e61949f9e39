import Credentials
package import Formats
import X509

/// Connectware and the agents of one release of its agent chart: each agent proves its name with a certificate.
///
/// The broker takes the common name of a client's certificate as the name of a Connectware user that may log in with
/// a certificate. Agents dial, and are never dialled: their certificates are those of clients.
package struct Connectware: FleetSystem {
  package static let kind = "connectware"

  package static let fields: [Field] = [
    Field("connectware", .object(ConnectwareInstallation.fields), required: true, "The installation of Connectware."),
    Field("agents", .object(AgentRelease.fields), required: true, "One release of the agent chart, with its agents."),
  ]

  package let installation: ConnectwareInstallation
  package let release: AgentRelease
  private let defaults: FleetDefaults

  package init(_ declaration: Declaration, defaults: FleetDefaults) throws(FleetError) {
    installation = try ConnectwareInstallation(declaration.requiredObject("connectware"))
    release = try AgentRelease(declaration.requiredObject("agents"))
    self.defaults = defaults
    if let ours = installation.values, let theirs = release.values, ours.path == theirs.path {
      throw FleetError(
        "connectware and agents name the same values file, \(theirs.path)",
        advice: "the two charts are two releases: give each its own values file", at: theirs.place)
    }
    for agent in release.agents {
      guard Folder.all.contains(agent.name.lowercased()) else { continue }
      throw FleetError(
        "an agent can't be named \"\(agent.name)\" here: the output has a folder of that name",
        advice: "rename the agent", at: agent.place)
    }
  }

  /// The folders beside those of the agents.
  enum Folder {
    static let installation = "connectware"
    static let release = "agents"
    static let all = [installation, release]
  }

  package var authority: AuthorityDeclaration? { installation.authority }

  /// Read for lint alone; whoever loads the authority says best that it is missing.
  var authorityCertificate: InputReference? {
    guard case .files(let certificate, _)? = authority?.source else { return nil }
    return InputReference(certificate.path, at: certificate.place, isOptional: true)
  }

  package var inputs: [InputReference] {
    [authorityCertificate, installation.values, installation.environment, release.values].compactMap { $0 }
      + (installation.customAuthority?.inputs ?? [])
  }

  package var releases: [Release] { [release.installed] }

  package func nodes(_ files: InputFiles) throws(FleetError) -> [Node] {
    try ConnectwareTrust(installation, files: files).check(host: release.connectwareHost, trust: nil)
    var nodes: [Node] = []
    for agent in release.agents {
      nodes.append(
        Node(
          agent.name, identity: try agent.identity(), profile: .client, source: agent.source, defaults: defaults,
          place: agent.place))
    }
    return nodes
  }

  package func problems(of credential: NodeCredential, for node: Node, supply: Supply) -> [Problem] {
    let trust = try? ConnectwareTrust(installation, files: supply.files).bundle(adding: supply.trust)
    let rule = ConnectwareIdentityRule(agent: node.name, trust: trust ?? supply.trust)
    return rule.problems(of: credential.chain)
  }

  package func deliver(
    _ supply: Supply, using random: inout some RandomNumberGenerator
  ) throws(FleetError) -> Delivery {
    try ConnectwareDelivery(self, supply).delivery()
  }

  package static func lint(_ context: LintContext, declared: Connectware?) -> [Finding] {
    ConnectwareLint(context, declared: declared).findings()
  }
}
