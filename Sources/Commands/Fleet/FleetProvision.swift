import Credentials
import Formats
import Foundation
import Ledger
import LedgerSQLite
import SwiftASN1
import Systems
import X509

/// Gets each node its credential: kept, taken up from an interrupted run, or made now.
struct FleetProvision {
  let request: FleetRequest
  let console: Console

  /// A node that needs a signature.
  private struct Job {
    var system: Int
    var node: Int
    var key: Certificate.PrivateKey?
    var serial: SerialNumber
    var authorized: AuthorizedRequest
  }

  /// By system and node; none where it has not come back from another PKI.
  typealias Credentials = [[NodeCredential?]]

  /// What came of it.
  struct Outcome {
    /// With the authorities and tokens that were made.
    var systems: [SystemWork]
    var credentials: Credentials
    /// Requests whose answer has not come.
    var waiting: [PendingKeys.Entry] = []
  }

  // MARK: - Rehearsal

  /// What an apply would give them, with keys and an authority that exist for this moment only: what depends on a
  /// certificate comes out different, and what doesn't comes out as it will be.
  func rehearse(_ systems: [SystemWork]) throws -> Outcome {
    var systems = systems
    for (index, system) in systems.enumerated() {
      for token in system.member.system.tokens where system.tokens[token.name] == nil {
        systems[index].tokens[token.name] = newToken()
      }
    }
    var standIns: [AuthorityDeclaration.Source: Issuer] = [:]
    var waiting: [PendingKeys.Entry] = []
    let pending = try PendingKeys(folder: request.stateFolder)
    let credentials = try systems.map { system in
      try system.nodes.map { work -> NodeCredential? in
        switch work.action {
        case .keep(let credential), .given(let credential): return credential
        case .request(_, let theirs, let present):
          let old = pending[system.name, work.node.name]
          let key = theirs == nil ? try old.flatMap { try requestedKey($0, work.node) } : nil
          if let credential = try answer(work, system, theirs, key: key) { return credential }
          waiting.append(.init(system: system.name, node: work.node.name))
          return present
        case .issue, .selfSign, .sign:
          let issuer = try standIns[system.authority.source] ?? standIn(system.authority)
          standIns[system.authority.source] = issuer
          return try rehearsed(work, issuer, system)
        }
      }
    }
    return Outcome(systems: systems, credentials: credentials, waiting: waiting)
  }

  private func standIn(_ authority: FleetAuthority) throws -> Issuer {
    let name = authority.issuers.last?.subject.commonName ?? authority.title
    return try Issuer.root(
      AuthorityPlan(name: String(name.prefix(64)), lifetime: .seconds(3650 * 86_400)), key: KeyKind.p256.generate(),
      serial: .random(), at: request.now)
  }

  private func rehearsed(_ work: NodeWork, _ issuer: Issuer, _ system: SystemWork) throws -> NodeCredential {
    var key: Certificate.PrivateKey?
    var verified: VerifiedRequest
    if case .sign(let request, _, _) = work.action {
      verified = request
    } else {
      let made = try KeyKind.p256.generate()
      verified = try VerifiedRequest(try CertificateRequest(work.node.identity, key: made))
      key = made
    }
    let grant = Grant(verified, profile: work.node.profile, lifetime: min(work.node.lifetime, .seconds(86_400)))
    let issued = try issuer.issue(
      try IssuancePolicy.unrestricted.authorize(grant, as: .desk), serial: .random(), at: request.now)
    let trust = system.authority.trust
    return NodeCredential(
      leaf: issued.certificate, intermediates: [], key: key, trust: trust.isEmpty ? [issuer.certificate] : trust)
  }

  // MARK: - For real

  /// Makes what is missing. What is signed is recorded, and its key is on the disk, before this returns.
  func provide(_ given: [SystemWork]) async throws -> Outcome {
    var outcome = Outcome(systems: given, credentials: given.map { $0.nodes.map(\.present) })
    let signers = try await openSigners(&outcome.systems)
    var pending = try PendingKeys(folder: request.stateFolder)
    var entries: [PendingKeys.Entry] = []
    var jobs: [Job] = []
    for (s, system) in outcome.systems.enumerated() {
      for (n, work) in system.nodes.enumerated() {
        let old = pending[system.name, work.node.name]
        if case .request(_, let theirs, _) = work.action {
          let (entry, credential) = try external(work, system, theirs, old)
          entries.append(entry)
          if let credential { outcome.credentials[s][n] = credential } else { outcome.waiting.append(entry) }
        } else if case .selfSign = work.action {
          outcome.credentials[s][n] = try selfSigned(work)
        } else if work.needsSignature, let signer = signers[system.authority.source] {
          if let old, let taken = try await takeUp(old, work, system, signer) {
            outcome.credentials[s][n] = taken
            entries.append(old)
          } else {
            let job = try await job(work, at: (s, n), signer)
            entries.append(try entry(of: job, system.name, work.node.name))
            jobs.append(job)
          }
        }
      }
    }
    try makeTokens(&outcome.systems)
    try pending.save(entries)
    for (job, credential) in try await sign(jobs, outcome.systems, signers) {
      outcome.credentials[job.system][job.node] = credential
    }
    return outcome
  }

  /// Forgets the keys that have reached their places.
  func finish(_ outcome: Outcome) throws {
    var pending = try PendingKeys(folder: request.stateFolder)
    if !pending.entries.isEmpty || !outcome.waiting.isEmpty { try pending.save(outcome.waiting) }
  }

  private typealias Signers = [AuthorityDeclaration.Source: any FleetSigner]

  private func openSigners(_ systems: inout [SystemWork]) async throws -> Signers {
    var signers: Signers = [:]
    var made: [AuthorityDeclaration.Source: FleetAuthority] = [:]
    for (index, system) in systems.enumerated() where system.nodes.contains(where: \.needsSignature) {
      let source = system.authority.source
      if signers[source] == nil { (made[source], signers[source]) = try await open(system.authority) }
      if let authority = made[source] { systems[index].authority = authority }
    }
    return signers
  }

  private func open(_ authority: FleetAuthority) async throws -> (FleetAuthority, any FleetSigner) {
    switch authority.access {
    case .present(_, let open): return (authority, DeskSigner(desk: try open(), home: authority.home))
    case .remote(let orchestrator, _):
      return (authority, OrchestratorSigner(orchestrator: orchestrator, issuers: authority.issuers))
    case .external: throw CommandError.usage("an external authority signs nothing here")
    case .missing(let home, let name):
      if try home.issuerNumbers().isEmpty {
        let secret = try request.passphrase?.newPassphrase(for: "the new CA key")
        let key = try KeyKind.p256.generate()
        let root = try Issuer.root(
          AuthorityPlan(name: name, lifetime: .seconds(3650 * 86_400)), key: key, serial: .random(), at: request.now)
        _ = try await AuthoritySetup(home: home).store(
          NewIssuer(number: 1, certificate: root.certificate, chain: [], key: key, origin: .created),
          passphrase: secret)
        console.note("made the authority CN=\(name) in \(home.path)")
      }
      let made = try home.authority()
      let stored = try made.signing()
      let desk = try Desk(made, signing: stored, source: request.passphraseSource)
      let present = FleetAuthority(
        source: authority.source, access: .present(issuer: stored) { desk }, home: home, trust: made.trustBundle,
        issuers: made.issuers.map(\.certificate),
        ledger: desk.ledger)
      return (present, DeskSigner(desk: desk, home: home))
    }
  }

  private func makeTokens(_ systems: inout [SystemWork]) throws {
    for (index, system) in systems.enumerated() {
      for token in system.member.system.tokens where system.tokens[token.name] == nil {
        let path = tokenPath(token, of: system.name, request)
        try OutputFiles.makeFolder(OutputFiles.folder(of: path), holdsKeys: true)
        let made = newToken()
        var files = OutputFiles()
        try files.add((made + "\n").utf8, path: path, access: .secret, isExclusive: true)
        try files.publish()
        systems[index].tokens[token.name] = made
      }
    }
  }

  /// 192 random bits, in hexadecimal: no character that a shell or YAML would take for something else.
  private func newToken() -> String {
    (0..<24).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal
  }

  // MARK: - Signing

  private func job(_ work: NodeWork, at index: (Int, Int), _ signer: any FleetSigner) async throws -> Job {
    let node = work.node
    var key: Certificate.PrivateKey?
    let verified: VerifiedRequest
    if case .sign(let request, _, _) = work.action {
      verified = request
    } else {
      let made = try node.key.generate()
      (key, verified) = (made, try VerifiedRequest(try CertificateRequest(node.identity, key: made)))
    }
    let grant = Grant(verified, profile: node.profile, lifetime: node.lifetime)
    let authorized = try await signer.authorize(grant, at: request.now)
    return Job(system: index.0, node: index.1, key: key, serial: .random(), authorized: authorized)
  }

  private func entry(of job: Job, _ system: String, _ node: String) throws -> PendingKeys.Entry {
    PendingKeys.Entry(
      system: system, node: node, key: try job.key.map { try KeyCoding.pem($0) }, serial: job.serial.hex)
  }

  private func sign(
    _ jobs: [Job], _ systems: [SystemWork], _ signers: Signers
  ) async throws -> [(Job, NodeCredential)] {
    guard !jobs.isEmpty else { return [] }
    var progress = ProgressBar("certificates", total: jobs.count, console: console)
    defer { progress.finish() }
    let now = request.now
    return try await withThrowingTaskGroup(of: (Int, SignedLeaf).self) { group in
      var next = 0
      // As many at once as the ledger puts into one transaction.
      func start() {
        guard next < jobs.count, let signer = signers[systems[jobs[next].system].authority.source] else { return }
        let (index, job) = (next, jobs[next])
        next += 1
        group.addTask { (index, try await signer.sign(job.authorized, serial: job.serial, at: now)) }
      }
      for _ in 0..<256 { start() }
      var done: [(Job, NodeCredential)] = []
      while let (index, signed) = try await group.next() {
        start()
        let job = jobs[index]
        let trust = systems[job.system].authority.trust
        done.append(
          (
            job,
            NodeCredential(leaf: signed.leaf, intermediates: signed.intermediates, key: job.key, trust: trust)
          ))
        progress.advance()
      }
      return done
    }
  }

  private func selfSigned(_ work: NodeWork) throws -> NodeCredential {
    let key = try work.node.key.generate()
    let verified = try VerifiedRequest(try CertificateRequest(work.node.identity, key: key))
    let grant = Grant(verified, profile: work.node.profile, lifetime: work.node.lifetime)
    let issued = try Issuer.selfSigned(grant, key: key, serial: .random(), at: request.now)
    return NodeCredential(leaf: issued.certificate, intermediates: [], key: key, trust: [issued.certificate])
  }

  /// The certificate that an interrupted run was about to deliver; nil where there is none, or it no longer fits.
  private func takeUp(
    _ entry: PendingKeys.Entry, _ work: NodeWork, _ system: SystemWork, _ signer: any FleetSigner
  ) async throws -> NodeCredential? {
    guard let hex = entry.serial, let serial = try? SerialNumber.parse(hex) else { return nil }
    let key = try entry.key.map { try KeyCoding.decode(Array($0.utf8), passphrase: nil, legacy: nil) }
    var requested: Certificate.PublicKey?
    if case .sign(let request, _, _) = work.action { requested = request.publicKey }
    let found = try await signer.signed(
      for: key?.publicKey ?? requested, name: work.node.identity.commonName, serial: serial)
    guard let found else { return nil }
    let credential = NodeCredential(
      leaf: found.leaf, intermediates: found.intermediates, key: key, trust: system.authority.trust)
    let review = CredentialReview(now: request.now, issuers: signer.issuers)
    return review.reason(toReplace: credential, of: work.node, requested: requested) == nil ? credential : nil
  }

  // MARK: - Another PKI

  /// The request that is out, and the certificate where it has come back.
  private func external(
    _ work: NodeWork, _ system: SystemWork, _ theirs: VerifiedRequest?, _ old: PendingKeys.Entry?
  ) throws -> (PendingKeys.Entry, NodeCredential?) {
    let node = work.node
    var entry = PendingKeys.Entry(system: system.name, node: node.name)
    if let theirs {
      entry.request = PEM.encode("CERTIFICATE REQUEST", try theirs.signed.derBytes())
      return (entry, try answer(work, system, theirs, key: nil))
    }
    if let old, let known = try? requestedKey(old, node) {
      return (old, try answer(work, system, nil, key: known))
    }
    let made = try node.key.generate()
    entry.key = try KeyCoding.pem(made)
    let asked = try CertificateRequest(node.identity, key: made)
    entry.request = PEM.encode("CERTIFICATE REQUEST", try asked.signed.derBytes())
    return (entry, nil)
  }

  /// The certificate that has come back for a request; nil where none has.
  private func answer(
    _ work: NodeWork, _ system: SystemWork, _ theirs: VerifiedRequest?, key: Certificate.PrivateKey?
  ) throws -> NodeCredential? {
    let path = RequestFolder.answer(system.name, work.node.name, request)
    guard let publicKey = theirs?.publicKey ?? key?.publicKey, OutputFiles.exists(path) else { return nil }
    let answer = ReturnedCertificate(path: path, now: request.now)
    // The answer to an earlier request, which was delivered, may still lie there.
    if let present = work.present, try answer.holds(present.leaf), try !answer.holds(publicKey) { return nil }
    return try answer.credential(publicKey, key: key, trust: system.authority.trust)
  }

  /// The key of a request that is out, where it asks for what the fleet file says now.
  private func requestedKey(_ entry: PendingKeys.Entry, _ node: Node) throws -> Certificate.PrivateKey? {
    guard let text = entry.key, let request = entry.request,
      let block = try PEM.parse(Array(request.utf8)).first
    else { return nil }
    let asked = try VerifiedRequest(CertificateRequest(der: block.der))
    let key = try KeyCoding.decode(Array(text.utf8), passphrase: nil, legacy: nil)
    guard asked.subject == node.identity.subject, asked.names == node.identity.names, key.publicKey == asked.publicKey,
      KeyKind(key.publicKey) == node.key
    else { return nil }
    return key
  }
}

extension NodeWork {
  /// Whether our own authority has to sign something.
  var needsSignature: Bool {
    switch action {
    case .issue, .sign: true
    default: false
    }
  }

  /// What it has already.
  var present: NodeCredential? {
    switch action {
    case .keep(let credential), .given(let credential): credential
    case .request(_, _, let present): present
    case .issue, .selfSign, .sign: nil
    }
  }
}
