package import Formats

/// A kind of system that a fleet file can set up: from its declaration and issued credentials to what its nodes read.
///
/// Pure: files, cluster and authority are the caller's. A new system is a type that conforms to this, in a folder of
/// its own, and one line in ``fleetSystems``.
package protocol FleetSystem: Sendable {
  /// What stands under `kind` in the fleet file, and the name of its folder in the output.
  static var kind: String { get }
  /// The keys that its entry may have, beside `kind`.
  static var fields: [Field] { get }

  /// Reads an entry that its schema has accepted.
  /// - Throws: ``FleetError`` for what a schema can't say: names that collide, names that fit no Secret.
  init(_ declaration: Declaration, defaults: FleetDefaults) throws(FleetError)

  /// Its own authority, which wins over the fleet's.
  var authority: AuthorityDeclaration? { get }
  /// The operators' files that it reads.
  var inputs: [InputReference] { get }
  /// Random secrets that it needs beside keys.
  var tokens: [TokenReference] { get }
  /// The Helm releases whose StatefulSets' names it would like to know.
  var releases: [Release] { get }

  /// Those that need credentials. Names that only stand in the operators' files are taken from there.
  /// - Throws: ``FleetError`` for a file that is missing, can't be read, or says otherwise than the fleet file.
  func nodes(_ files: InputFiles) throws(FleetError) -> [Node]

  /// What a node's peers will demand of its certificate, by this system's own rule; empty where they will accept it.
  func problems(of credential: NodeCredential, for node: Node, supply: Supply) -> [Problem]

  /// From credentials to artefacts, commands and restarts.
  /// - Throws: ``FleetError`` where a user's file can't be merged.
  func deliver(_ supply: Supply, using random: inout some RandomNumberGenerator) throws(FleetError) -> Delivery

  /// What is wrong with files of this system, whoever wrote them.
  /// - Parameter declared: what the fleet file says of the system, where one is linted.
  static func lint(_ context: LintContext, declared: Self?) -> [Finding]
}

extension FleetSystem {
  package var authority: AuthorityDeclaration? { nil }
  package var inputs: [InputReference] { [] }
  package var tokens: [TokenReference] { [] }
  package var releases: [Release] { [] }
}

/// All systems, by the order of their names.
package let fleetSystems: [any FleetSystem.Type] = [Bacalhau.self, ChoreoConnect.self, Connectware.self, Substra.self]
