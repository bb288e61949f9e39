import Credentials
import Diagnosis
import Enrolment
import Formats
import Foundation
import TLSRuntime
import X509

/// The identities of the demonstration.
struct QuickstartIdentities {
  var trust: [Certificate]
  var backendCertificate: String
  var backendKey: String
  var trustFile: String
  var nodes: [TLSCredential]
  var foreign: TLSCredential
  var expired: TLSCredential
}

/// Makes what the demonstration needs: an authority at the desk, and nodes that enrol with its orchestrator. Keys are
/// made on the nodes and stay there.
struct QuickstartStage {
  let folder: String
  let console: Console
  let interruption: QuickstartInterruption

  var home: Home { Home("\(folder)/home") }
  private var passphrase: PassphraseSource { PassphraseSource(file: "\(folder)/ca.pass", environment: [:]) }
  private var trustFile: String { "\(folder)/ca.crt" }

  /// The authority, and a certificate that it signed two hours ago for one hour: expired in earnest.
  func makeAuthority() async throws -> (root: Certificate, expired: TLSCredential) {
    let authority = try await storeAuthority()
    guard let root = authority.trustBundle.first else { throw CommandError.environment("the authority has no root") }
    try OutputFiles.write(try CertificateFile.pem([root]), path: trustFile)
    let desk = try Desk(authority, signing: try authority.signing(), source: passphrase)
    let (key, request) = try makeRequest("node-late")
    let grant = Grant(try VerifiedRequest(request), profile: .node, lifetime: .seconds(3600))
    let authorized = try IssuancePolicy.unrestricted.authorize(grant, as: .desk)
    let issued = try await desk.issue(authorized, der: try request.signed.derBytes(), at: Date() - 7200)
    try OutputFiles.write(try CertificateFile.pem([issued.certificate]), path: path("node-late", ".crt"))
    note("node-late", "signed at the desk, expired an hour ago")
    return (root, TLSCredential(chain: [issued.certificate], key: key))
  }

  /// Three nodes come to their certificates: by a join token, with curl and openssl, and by an operator's approval.
  func admitNodes(
    _ orchestrator: QuickstartOrchestrator, root: Certificate, expired: TLSCredential
  ) async throws -> QuickstartIdentities {
    let shell = try QuickstartShell(folder: folder, home: home, console: console, interruption: interruption)
    let client = ESTClient(endpoint: orchestrator.endpoint, root: root)
    console.note("\nbackend.example.org has a join string, and enrols with it:")
    _ = try await enrolWithToken("backend.example.org", names: ["localhost"], orchestrator, client, shell)
    console.note("\nnode-1 has a join string too, and nothing but curl and openssl:")
    try shell.run(CurlNode.invitation(url: orchestrator.url))
    try OutputFiles.makeFolder("\(folder)/node-1", holdsKeys: true)
    try shell.run(CurlNode.enrolment(url: orchestrator.url), in: "node-1")
    console.note("\nand renews its certificate, with a new key:")
    try shell.run(CurlNode.renewal(url: orchestrator.url), in: "node-1")
    let first = TLSCredential(
      chain: try CertificateFile.read(path("node-1", ".pem")), key: try KeyFile.read(path("node-1", ".key")) { "" })
    console.note("\nnode-2 has nothing: an operator compares its pairing code, and approves.")
    let second = try await enrolByApproval("node-2", root: root, client, shell)
    return QuickstartIdentities(
      trust: [root], backendCertificate: path("backend.example.org", ".crt"),
      backendKey: path("backend.example.org", ".key"), trustFile: trustFile,
      nodes: [first, second], foreign: try makeForeign(), expired: expired)
  }

  /// The five scenes: what is tried, and what has to come of it.
  func scenes(_ identities: QuickstartIdentities) throws -> [QuickstartScene] {
    let trust = try identities.trust.map { try $0.derBytes() }
    let nodes: [TLSCredential?] = identities.nodes
    return [
      .init("backend, node-1 and node-2 accept each other", .acceptedBothWays, nodes, "localhost", trust),
      .init("a client with no certificate is refused", .refusedByServer, [nil], "localhost", trust),
      .init("a certificate of a foreign CA is refused", .refusedByServer, [identities.foreign], "localhost", trust),
      .init("an expired certificate is refused", .refusedByServer, [identities.expired], "localhost", trust),
      .init("the nodes refuse a server of the wrong name", .refusedByClient, nodes, "other.example.org", trust),
    ]
  }

  private func storeAuthority() async throws -> Authority {
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

  // MARK: Ways to a certificate

  private func enrolWithToken(
    _ name: String, names: [String], _ orchestrator: QuickstartOrchestrator, _ client: ESTClient,
    _ shell: QuickstartShell
  ) async throws -> TLSCredential {
    let (key, request) = try makeRequest(name, names: names)
    let dns = ([name] + names).map { "--dns \($0)" }.joined(separator: " ")
    try shell.run("countersign invite \(name) \(dns) --url \(orchestrator.url) -o \(name)/join")
    let bytes = try InputFile.read("\(folder)/\(name)/join", limit: JoinString.longest)
    let join = try JoinString.decode(String(decoding: bytes, as: UTF8.self))
    guard case .issued(let chain) = try await client.enrol(request, with: join.secret) else {
      throw CommandError.environment("the orchestrator did not take the join token of \(name)")
    }
    return try keep(name, chain, key, "admitted by its join token")
  }

  private func enrolByApproval(
    _ name: String, root: Certificate, _ client: ESTClient, _ shell: QuickstartShell
  ) async throws -> TLSCredential {
    let (key, request) = try makeRequest(name)
    guard case .waiting = try await client.enrol(request, with: nil) else {
      throw CommandError.environment("the orchestrator did not let \(name) wait")
    }
    let code = PairingCode(root: try root.derBytes(), request: try VerifiedRequest(request))
    note(name, "waits; its pairing code is \(code)")
    try shell.run("countersign nodes approve \(name) --code \(code)")
    // The service follows the record; a certificate that isn't there yet is asked for again.
    for _ in 0..<100 {
      if case .issued(let chain) = try await client.enrol(request, with: nil) {
        return try keep(name, chain, key, "admitted by an operator")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    throw CommandError.environment("\(name) was approved, and got no certificate")
  }

  private func makeRequest(_ name: String, names: [String] = []) throws -> (Certificate.PrivateKey, CertificateRequest)
  {
    try OutputFiles.makeFolder("\(folder)/\(name)", holdsKeys: true)
    let key = try KeyKind.p256.generate()
    let identity = try Identity(commonName: name, names: names.compactMap(SubjectName.init(host:)))
    let request = try CertificateRequest(identity, key: key)
    try OutputFiles.write(
      Array(try KeyFile.pem(key, passphrase: nil)), path: path(name, ".key"), access: .secret)
    return (key, request)
  }

  private func keep(_ name: String, _ chain: [Certificate], _ key: Certificate.PrivateKey, _ how: String) throws
    -> TLSCredential
  {
    try OutputFiles.write(try CertificateFile.pem(chain), path: path(name, ".crt"))
    note(name, how)
    return TLSCredential(chain: chain, key: key)
  }

  private func path(_ name: String, _ suffix: String) -> String { "\(folder)/\(name)/\(name)\(suffix)" }

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
