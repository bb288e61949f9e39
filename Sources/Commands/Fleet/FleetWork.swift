import Credentials
import Formats
import Foundation
import Ledger
import LedgerSQLite
import Systems
import X509

/// A system of a fleet with all that its delivery is made from.
struct SystemWork {
  let member: Fleet.Member
  var authority: FleetAuthority
  let files: InputFiles
  /// What is in its output folder now.
  let stored: FileTree
  var nodes: [NodeWork]
  var tokens: [String: String]

  var name: String { member.name }
}

/// A node, and what has to be done for its certificate.
struct NodeWork {
  enum Action {
    case keep(NodeCredential)
    /// A new key and a certificate for it; the names of the old certificate's end come with the reason.
    case issue(RenewalReason)
    case selfSign(RenewalReason)
    /// A certificate for the key of a request.
    case sign(VerifiedRequest, der: [UInt8], RenewalReason)
    /// A request goes out to another PKI, made here or by the node's owner; until its answer comes, the node keeps
    /// what it has.
    case request(RenewalReason, theirs: VerifiedRequest?, present: NodeCredential?)
    /// It has come from elsewhere, and is delivered as it is.
    case given(NodeCredential)
  }

  let node: Node
  var action: Action

  var reason: RenewalReason? {
    switch action {
    case .keep, .given: nil
    case .issue(let reason), .selfSign(let reason), .sign(_, _, let reason), .request(let reason, _, _): reason
    }
  }
}

/// What an operator asks of a run, beside the fleet file.
struct FleetRequest {
  var path: String
  var out: String?
  var home: Home
  /// Who asks an orchestrator that the fleet file names.
  var access: AccessOptions
  var passphrase: NewPassphraseOptions?
  var passphraseSource: PassphraseSource
  /// Names of nodes, `NODE` or `SYSTEM/NODE`, or all of them.
  var reissue: [String] = []
  var reissuesAll = false
  var now = Date()

  var folder: String { OutputFiles.folder(of: path) }
  var output: String { out ?? (folder == "." ? "out" : "\(folder)/out") }
  /// What belongs to no node: keys under way, tokens.
  var stateFolder: String { "\(output)/.countersign" }

  func absolute(_ path: String) -> String {
    path.hasPrefix("/") || folder == "." ? path : "\(folder)/\(path)"
  }
}

/// Reads a fleet file and everything that it names, and decides what has to be done. Nothing is written.
struct FleetReader {
  let request: FleetRequest
  private let pending: PendingKeys

  init(request: FleetRequest) throws {
    self.request = request
    pending = try PendingKeys(folder: request.stateFolder)
  }

  /// The fleet's name, and its systems.
  func read() async throws -> (name: String, systems: [SystemWork]) {
    let fleet = try Fleet(try InputFile.read(request.path), path: request.path)
    let resolver = AuthorityResolver(
      home: request.home, access: request.access, passphrase: request.passphraseSource, now: request.now,
      absolute: request.absolute)
    var authorities: [AuthorityDeclaration.Source: FleetAuthority] = [:]
    var systems: [SystemWork] = []
    do {
      for member in fleet.members {
        guard let declaration = member.system.authority ?? fleet.authority else { continue }
        if authorities[declaration.source] == nil {
          authorities[declaration.source] = try await resolver.resolve(declaration)
        }
        if let authority = authorities[declaration.source] { systems.append(try await work(member, authority)) }
      }
    } catch let error as FleetError {
      throw error.inFile(request.path)
    }
    try checkReissued(systems)
    return (fleet.name, systems)
  }

  private func work(_ member: Fleet.Member, _ authority: FleetAuthority) async throws -> SystemWork {
    let files = try inputs(member.system)
    let stored = try FileTree("\(request.output)/\(member.name)")
    let state = StoredCredentials(files: stored.files.mapValues(\.bytes), trust: authority.trust)
    var nodes: [NodeWork] = []
    for node in try member.system.checkedNodes(files) {
      nodes.append(NodeWork(node: node, action: try await action(node, member, authority, state)))
    }
    return SystemWork(
      member: member, authority: authority, files: files, stored: stored, nodes: nodes, tokens: try tokens(member))
  }

  private func inputs(_ system: some FleetSystem) throws -> InputFiles {
    var contents: [String: [UInt8]] = [:]
    for input in system.inputs where contents[input.path] == nil {
      let path = request.absolute(input.path)
      if input.isOptional, !OutputFiles.exists(path) { continue }
      do {
        contents[input.path] = try InputFile.read(path)
      } catch {
        throw FleetError(error, at: input.place)
      }
    }
    return InputFiles(contents)
  }

  /// Those that exist; the others are made by an apply.
  private func tokens(_ member: Fleet.Member) throws -> [String: String] {
    var tokens: [String: String] = [:]
    for token in member.system.tokens {
      let path = tokenPath(token, of: member.name, request)
      if OutputFiles.exists(path) { tokens[token.name] = try PassphraseSource.read(path) }
    }
    return tokens
  }

  private func action(
    _ node: Node, _ member: Fleet.Member, _ authority: FleetAuthority, _ state: StoredCredentials
  ) async throws -> NodeWork.Action {
    switch node.source {
    case .given(let certificate, let key):
      let given = GivenCredential(
        certificatePath: request.absolute(certificate.path), keyPath: key.map { request.absolute($0.path) },
        trust: authority.trust)
      let credential = try given.read(node, passphrase: request.passphraseSource)
      guard credential.leaf.notValidAfter > request.now else {
        throw FleetError(
          "the certificate of \(node.name) expired at \(rfc3339(credential.leaf.notValidAfter))",
          advice: "have it renewed where it was made", at: certificate.place, kind: .refused)
      }
      return .given(credential)
    case .request(let file):
      let (der, verified) = try readRequest(file)
      let wanted = node.identity
      let present = state.credential(of: node.name, requested: verified.publicKey)
      let review = try await review(of: present, node, member, authority)
      let reason = review.reason(toReplace: present, of: node, requested: verified.publicKey)
      try checkRequest(verified, against: wanted, file, node)
      guard let reason else { return present.map { .keep($0) } ?? .sign(verified, der: der, .missing) }
      return authority.isExternal
        ? .request(reason, theirs: verified, present: present) : .sign(verified, der: der, reason)
    case .issued, .selfSigned:
      let present = state.credential(of: node.name)
      var review = try await review(of: present, node, member, authority)
      if node.source == .selfSigned { review.issuers = [] }
      guard let reason = review.reason(toReplace: present, of: node) else {
        return present.map { .keep($0) } ?? .issue(.missing)
      }
      if node.source == .selfSigned { return .selfSign(reason) }
      return authority.isExternal ? .request(reason, theirs: nil, present: present) : .issue(reason)
    }
  }

  private func readRequest(_ file: InputReference) throws -> (der: [UInt8], VerifiedRequest) {
    do {
      let (der, parsed) = try RequestFile.read(request.absolute(file.path))
      return (der, try VerifiedRequest(parsed))
    } catch let error as FileFailure {
      throw FleetError(error, at: file.place)
    } catch let error as any ExplainedError {
      throw FleetError("\(file.path): \(error.message)", advice: error.hint, at: file.place, kind: error.kind)
    }
  }

  private func review(
    of present: NodeCredential?, _ node: Node, _ member: Fleet.Member, _ authority: FleetAuthority
  ) async throws -> CredentialReview {
    var isRevoked = false
    if let present { isRevoked = try await authority.hasRevoked(present.leaf) }
    // A request that is out stays out until its answer comes, whoever asked for it.
    let isOut = authority.isExternal && pending[member.name, node.name]?.request != nil
    let isNamed = request.reissue.contains { $0 == node.name || $0 == "\(member.name)/\(node.name)" }
    let isAsked = isOut || request.reissuesAll || isNamed
    return CredentialReview(now: request.now, issuers: authority.issuers, isRevoked: isRevoked, isAsked: isAsked)
  }

  /// A request speaks for another organisation: it gets what the fleet file says of it, no name more.
  private func checkRequest(
    _ request: VerifiedRequest, against identity: Identity, _ file: InputReference, _ node: Node
  ) throws {
    let grant = Grant(request, profile: node.profile, lifetime: node.lifetime)
    func refused(_ what: String, _ advice: String) -> FleetError {
      FleetError("\(file.path) \(what)", advice: advice, at: file.place, kind: .refused)
    }
    if let organization = identity.organization, grant.subject.organization != organization {
      throw refused(
        "asks for the organization \(grant.subject.organization.map { "\"\($0)\"" } ?? "nothing"), and the fleet file says \"\(organization)\"",
        "have it made anew: countersign request \(identity.commonName) --org \(organization)")
    }
    guard grant.subject.commonName == identity.commonName else {
      throw refused(
        "asks for the common name \(grant.subject.commonName.map { "\"\($0)\"" } ?? "nothing"), and the fleet file says \"\(identity.commonName)\"",
        "have it made anew, or correct the fleet file")
    }
    let surplus = grant.names.filter { !identity.names.contains($0) }
    guard surplus.isEmpty else {
      throw refused(
        "asks for \(surplus.map(\.description).joined(separator: ", ")), which the fleet file doesn't give to \(node.name)",
        "name it in the fleet file if it is theirs, or have the request made anew without it")
    }
    let missing = identity.names.filter { !grant.names.contains($0) }
    guard missing.isEmpty else {
      throw refused(
        "doesn't ask for \(missing.map(\.description).joined(separator: ", ")), which \(node.name) needs",
        "have it made anew with that name in its subjectAltName")
    }
  }

  private func checkReissued(_ systems: [SystemWork]) throws {
    let known = systems.flatMap { system in system.nodes.flatMap { [$0.node.name, "\(system.name)/\($0.node.name)"] } }
    for name in request.reissue where !known.contains(name) {
      throw CommandError.usage(
        "no node of the fleet file is named \"\(name)\"",
        hint: NearestWord.find(name, among: known).map { "did you mean \"\($0)\"?" })
    }
  }
}

/// Where a token is kept.
func tokenPath(_ token: TokenReference, of system: String, _ request: FleetRequest) -> String {
  token.file.map { request.absolute($0.path) } ?? "\(request.stateFolder)/\(system)-\(token.name)"
}
