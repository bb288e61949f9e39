import Credentials
import Diagnosis
import Formats
import Foundation
import TLSRuntime
import X509

/// The identities of the demonstration.
struct QuickstartIdentities {
  var trust: [Certificate]
  var orchestratorCertificate: String
  var orchestratorKey: String
  var trustFile: String
  var nodes: [TLSCredential]
  var foreign: TLSCredential
  var expired: TLSCredential
}

/// Makes what the demonstration needs, the way an operator does: keys on the nodes, requests to the authority.
struct QuickstartStage {
  let folder: String
  let console: Console

  private var home: Home { Home("\(folder)/home") }
  private var passphrase: PassphraseSource { PassphraseSource(file: "\(folder)/ca.pass", environment: [:]) }

  func makeIdentities() async throws -> QuickstartIdentities {
    let authority = try await makeAuthority()
    let desk = try Desk(authority, signing: try authority.signing(), source: passphrase)
    let trustFile = "\(folder)/ca.crt"
    try OutputFiles.write(try CertificateFile.pem(authority.trustBundle), path: trustFile)

    let names: [SubjectName] = [.dns(try DNSName("localhost"))] + (IPAddress("127.0.0.1").map { [.ip($0)] } ?? [])
    let orchestrator = try await enrol("orchestrator.example.org", names: names, profile: .server, desk)
    let first = try await enrol("node-1", names: [], profile: .node, desk)
    let second = try await enrolWithOpenSSL("node-2", desk)
    // Signed two hours ago for one hour, with its authority's own hand: expired in earnest.
    let expired = try await enrol("node-late", names: [], profile: .node, desk, lifetime: .seconds(3600), ago: 7200)
    return QuickstartIdentities(
      trust: authority.trustBundle, orchestratorCertificate: orchestrator.path(".crt"),
      orchestratorKey: orchestrator.path(".key"), trustFile: trustFile,
      nodes: [first.credential, second.credential], foreign: try makeForeign(), expired: expired.credential)
  }

  /// The five scenes: what is tried, and what has to come of it.
  func scenes(_ identities: QuickstartIdentities) throws -> [QuickstartScene] {
    let trust = try identities.trust.map { try $0.derBytes() }
    let nodes: [TLSCredential?] = identities.nodes
    return [
      .init("orchestrator, node-1 and node-2 accept each other", .acceptedBothWays, nodes, "localhost", trust),
      .init("a client with no certificate is refused", .refusedByServer, [nil], "localhost", trust),
      .init("a certificate of a foreign CA is refused", .refusedByServer, [identities.foreign], "localhost", trust),
      .init("an expired certificate is refused", .refusedByServer, [identities.expired], "localhost", trust),
      .init("the nodes refuse a server of the wrong name", .refusedByClient, nodes, "other.example.org", trust),
    ]
  }

  private func makeAuthority() async throws -> Authority {
    var random = SystemRandomNumberGenerator()
    let secret = ((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }).hexadecimal
    try OutputFiles.write(Array("\(secret)\n".utf8), path: "\(folder)/ca.pass", access: .secret)
    let key = try KeyKind.p256.generate()
    let plan = AuthorityPlan(name: "Countersign Quickstart CA", lifetime: .seconds(3650 * 86_400))
    // From yesterday, so that it can have signed something that has expired since.
    let root = try Issuer.root(plan, key: key, serial: .random(using: &random), at: Date() - 86_400)
    let issuer = NewIssuer(number: 1, certificate: root.certificate, chain: [], key: key, origin: .created)
    let authority = try await AuthoritySetup(home: home).store(issuer, passphrase: secret)
    note("authority", "\(root.certificate.subject), key encrypted at rest")
    return authority
  }

  private struct Enrolled {
    var folder: String
    var name: String
    var credential: TLSCredential

    func path(_ suffix: String) -> String { "\(folder)/\(name)\(suffix)" }
  }

  private func enrol(
    _ name: String, names: [SubjectName], profile: Profile, _ desk: Desk, lifetime: Duration = .seconds(86_400),
    ago: TimeInterval = 0
  ) async throws -> Enrolled {
    let nodeFolder = "\(folder)/\(name)"
    try OutputFiles.makeFolder(nodeFolder, holdsKeys: true)
    let key = try KeyKind.p256.generate()
    let request = try CertificateRequest(try Identity(commonName: name, names: names), key: key)
    var files = OutputFiles()
    try files.add(try KeyFile.pem(key, passphrase: nil), path: "\(nodeFolder)/\(name).key", access: .secret)
    try files.add(
      PEM.encode("CERTIFICATE REQUEST", try request.signed.derBytes()).utf8, path: "\(nodeFolder)/\(name).csr",
      access: .open)
    try files.publish()
    let chain = try await sign("\(nodeFolder)/\(name)", profile: profile, desk, lifetime: lifetime, ago: ago)
    note(name, "key and request made by countersign, signed")
    return Enrolled(folder: nodeFolder, name: name, credential: TLSCredential(chain: chain, key: key))
  }

  /// A node that has only openssl: its key never comes near us either.
  private func enrolWithOpenSSL(_ name: String, _ desk: Desk) async throws -> Enrolled {
    let nodeFolder = "\(folder)/\(name)"
    try OutputFiles.makeFolder(nodeFolder, holdsKeys: true)
    let path = "\(nodeFolder)/\(name)"
    try runTool(
      "openssl",
      [
        "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "\(path).key",
        "-subj", "/O=Example/CN=\(name)", "-out", "\(path).csr",
      ])
    let chain = try await sign(path, profile: .node, desk, lifetime: .seconds(86_400), ago: 0)
    let key = try KeyFile.read("\(path).key") { "" }
    note(name, "key and request made by openssl, signed")
    return Enrolled(folder: nodeFolder, name: name, credential: TLSCredential(chain: chain, key: key))
  }

  private func sign(
    _ path: String, profile: Profile, _ desk: Desk, lifetime: Duration, ago: TimeInterval
  ) async throws -> [Certificate] {
    let (der, request) = try RequestFile.read("\(path).csr")
    let grant = Grant(try VerifiedRequest(request), profile: profile, lifetime: lifetime)
    let authorized = try IssuancePolicy.unrestricted.authorize(grant, as: .desk)
    let issued = try await desk.issue(authorized, der: der, at: Date() - ago)
    let chain = [issued.certificate] + desk.issuer.intermediates
    try OutputFiles.write(try CertificateFile.pem(chain), path: "\(path).crt")
    return chain
  }

  private func note(_ who: String, _ what: String) {
    console.note(who.padding(toLength: 26, withPad: " ", startingAt: 0) + what)
  }

  private func makeForeign() throws -> TLSCredential {
    var random = SystemRandomNumberGenerator()
    let now = Date()
    let plan = AuthorityPlan(name: "Somebody Else's CA", lifetime: .seconds(86_400))
    let root = try Issuer.root(plan, key: KeyKind.p256.generate(), serial: .random(using: &random), at: now)
    let key = try KeyKind.p256.generate()
    let request = try CertificateRequest(try Identity(commonName: "node-1"), key: key)
    let grant = Grant(try VerifiedRequest(request), profile: .node, lifetime: .seconds(3600))
    let issued = try root.issue(
      try IssuancePolicy.unrestricted.authorize(grant, as: .desk), serial: .random(using: &random), at: now)
    return TLSCredential(chain: [issued.certificate], key: key)
  }
}

/// One claim of the demonstration, and the clients with whose handshakes it stands or falls.
struct QuickstartScene {
  let title: String
  let claim: HandshakeProof.Claim
  let credentials: [TLSCredential?]
  let name: String
  let trust: [[UInt8]]

  init(
    _ title: String, _ claim: HandshakeProof.Claim, _ credentials: [TLSCredential?], _ name: String, _ trust: [[UInt8]]
  ) {
    self.title = title
    self.claim = claim
    self.credentials = credentials
    self.name = name
    self.trust = trust
  }

  /// The first handshake that does not prove the claim, or else the last that does.
  func prove(_ endpoint: Endpoint) async throws -> HandshakeProof {
    var proofs: [HandshakeProof] = []
    for credential in credentials { proofs.append(try await prove(endpoint, as: credential)) }
    guard let proof = proofs.first(where: { !$0.holds }) ?? proofs.last else {
      throw CommandError.environment("nobody is there to prove \"\(title)\"")
    }
    return proof
  }

  private func prove(_ endpoint: Endpoint, as credential: TLSCredential?) async throws -> HandshakeProof {
    var probe = ProbeConfiguration(endpoint: endpoint, serverName: name) { [trust, name] chain in
      assess(chain, trust: trust, name: name, at: Date())
    }
    probe.credential = credential
    probe.question = .http
    return try await TLSProbe.prove(claim, probe)
  }
}
