import ArgumentParser
import Credentials
import Foundation
import Orchestrator
import X509

struct Issue: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "issue", abstract: "Make a key and its certificate in one step, where the node is this machine.",
    discussion: """
      Writes NAME.key (0600), NAME.crt and ca.crt. For a node elsewhere, `request` there and `sign` here keep its key
      where it is used.
        countersign issue orchestrator.example.org --ip 127.0.0.1 --profile server -o orchestrator
        countersign issue backend.example.org --self-signed --lifetime 1y
      """)

  @OptionGroup var common: CommonOptions
  @OptionGroup var identity: IdentityOptions
  @Option(help: ArgumentHelp("What it may be used for: node, server or client.", valueName: "profile")) var profile:
    Profile?
  @Option(help: ArgumentHelp("How long it is valid; 90d unless config.yaml says otherwise.", valueName: "duration"))
  var lifetime: DurationArgument?
  @Flag(help: "Let the certificate vouch for itself, without an authority.") var selfSigned = false
  @OptionGroup var passphrase: PassphraseOptions
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    let subject = try identity.identity()
    let keyPath = identity.path(".key")
    if OutputFiles.exists(keyPath) { throw FileFailure(.write, keyPath, EEXIST) }
    if let orchestrator = try remote.administration() { return try await issue(subject, at: orchestrator) }
    let home = Home(common.home)
    let authority = selfSigned ? nil : try home.authority()
    let configuration = try home.configuration()
    let keyPassphrase = try identity.keyPassphrase()
    let key = try (identity.key ?? configuration.defaults.key).generate()
    let request = try CertificateRequest(subject, key: key)
    let grant = Grant(
      try VerifiedRequest(request), profile: profile ?? configuration.defaults.profile,
      lifetime: lifetime?.duration ?? configuration.defaults.lifetime)
    let keyPEM = try KeyFile.pem(key, passphrase: keyPassphrase)
    var output = IssueOutput(identity: identity)
    let issued: IssuedCertificate
    if let authority {
      let authorized = try configuration.policy.authorize(grant, as: .desk)
      let desk = try Desk(authority, signing: try authority.signing(), source: passphrase.source)
      try desk.check(authorized)
      try output.stageKey(keyPEM)
      issued = try await desk.issue(authorized, der: try request.signed.derBytes())
      try output.stage([issued.certificate] + desk.issuer.intermediates, trust: authority.trustBundle)
    } else {
      try output.stageKey(keyPEM)
      var random = SystemRandomNumberGenerator()
      issued = try Issuer.selfSigned(grant, key: key, serial: .random(using: &random), at: Date())
      try output.stage([issued.certificate], trust: [issued.certificate])
    }
    common.console.warnOfForeignBundle(
      at: identity.siblingPath("ca.crt"), replacedBy: authority?.trustBundle ?? [issued.certificate])
    try output.publish()
    try common.console.report(
      IssuedFacts(
        issued, names: grant.names, profile: grant.profile.rawValue,
        files: files))
  }

  /// The key is made here and stays here; the orchestrator gets the request.
  private func issue(_ subject: Identity, at orchestrator: RemoteAdministration) async throws {
    guard !selfSigned else { throw CommandError.usage("--self-signed needs no orchestrator") }
    let key = try (identity.key ?? .p256).generate()
    let keyPEM = try KeyFile.pem(key, passphrase: try identity.keyPassphrase())
    let request = try VerifiedRequest(try CertificateRequest(subject, key: key))
    let roots = try CertificateFile.parse(
      Array(try await orchestrator.authority().roots.utf8), path: "the orchestrator's answer")
    var output = IssueOutput(identity: identity)
    try output.stageKey(keyPEM)
    let signed = try await orchestrator.sign(request, profile: profile, lifetime: lifetime?.duration)
    try output.stage(signed.chain, trust: roots)
    common.console.warnOfForeignBundle(at: identity.siblingPath("ca.crt"), replacedBy: roots)
    try output.publish()
    try common.console.report(try signed.facts(files: files))
  }

  private var files: [String] { [identity.path(".key"), identity.path(".crt"), identity.siblingPath("ca.crt")] }
}

/// The three files of `issue`. The key is on the disk before its certificate is signed: what can't be stored is not
/// issued.
private struct IssueOutput: ~Copyable {
  let identity: IdentityOptions
  private var files = OutputFiles()

  init(identity: IdentityOptions) { self.identity = identity }

  mutating func stageKey(_ pem: [UInt8]) throws {
    try files.makeFolder(identity.out, holdsKeys: true)
    try files.add(pem, path: identity.path(".key"), access: .secret, isExclusive: true)
  }

  mutating func stage(_ chain: [Certificate], trust: [Certificate]) throws {
    try files.add(try CertificateFile.pem(chain), path: identity.path(".crt"), access: .open)
    try files.add(try CertificateFile.pem(trust), path: identity.siblingPath("ca.crt"), access: .open)
  }

  consuming func publish() throws { try files.publish() }
}
