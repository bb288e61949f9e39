package import Credentials
package import Formats

/// Bacalhau, from 1.5.2 on: compute nodes dial the orchestrator's NATS server, check its certificate, and show a token
/// that all of them share. They have no certificates of their own.
package struct Bacalhau: FleetSystem {
  /// A machine that runs Bacalhau.
  package struct Machine: Hashable, Sendable {
    package var name: String
    /// The configuration file to merge into; nil to write a small one.
    package var config: InputReference?
    /// The folder on the machine that the files are put into.
    package var installDir: String
    /// Who owns them there; nil for whoever puts them there.
    package var user: String?
    package var place: YAMLTree.Place
  }

  package static let kind = "bacalhau"
  /// The name of the only node with a certificate, and of its folder.
  package static let orchestratorName = "orchestrator"
  package static let tokenName = "token"

  package let authority: AuthorityDeclaration?
  package let orchestrator: Machine
  /// The names by which the orchestrator is dialled, as far as the fleet file knows them.
  package let hosts: [SubjectName]
  package let tokenFile: InputReference?
  /// Nil where the fleet file leaves it to the configuration.
  package let supportReverseProxy: Bool?
  package let source: Node.Source
  package let computes: [Machine]
  private let defaults: FleetDefaults

  package init(_ declaration: Declaration, defaults: FleetDefaults) throws(FleetError) {
    self.defaults = defaults
    if let object = declaration.object("authority") {
      authority = try AuthorityDeclaration(object)
    } else {
      authority = nil
    }
    let entry = try declaration.requiredObject("orchestrator")
    orchestrator = try Machine(Self.orchestratorName, entry)
    hosts = entry.texts("hosts").compactMap { SubjectName(host: $0.text) }
    tokenFile = entry.input("tokenFile", isOptional: true)
    supportReverseProxy = entry.flag("supportReverseProxy")
    source = try entry.source()
    var computes: [Machine] = []
    for entry in declaration.objects("computes") {
      computes.append(try Machine(try entry.required("name"), entry))
    }
    self.computes = computes
    try checkFolders()
    try checkFiles()
  }

  package var inputs: [InputReference] { ([orchestrator] + computes).compactMap(\.config) }

  package var tokens: [TokenReference] { [TokenReference(Self.tokenName, file: tokenFile)] }

  package func nodes(_ files: InputFiles) throws(FleetError) -> [Node] {
    let hosts = try BacalhauNames(self, files).hosts
    // RFC 5280 bounds common names; what is dialled is looked for among the alternative names only.
    let commonName = hosts.map(\.text).first { $0.unicodeScalars.count <= 64 } ?? Self.orchestratorName
    let identity: Identity
    do {
      identity = try Identity(commonName: commonName, names: hosts)
    } catch {
      throw FleetError(error.message, advice: error.hint, at: orchestrator.place)
    }
    return [
      Node(Self.orchestratorName, identity: identity, source: source, defaults: defaults, place: orchestrator.place)
    ]
  }

  package func problems(of credential: NodeCredential, for node: Node, supply: Supply) -> [Problem] {
    let dialled = (try? BacalhauNames(self, supply.files))?.dialled ?? hosts
    return BacalhauIdentityRule(hosts: dialled)
      .problems(chain: credential.chain, trust: credential.trust, at: supply.now)
  }
}
