import ArgumentParser
import Credentials
import Foundation
import X509

struct Sign: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign a certificate signing request.",
    discussion: """
      Shows what the request asks for and what is granted. With --name or --org, a request that says otherwise is
      refused.
        countersign sign node-1.csr
        countersign sign MyOrg1.csr --org MyOrg1MSP --lifetime 90d -o MyOrg1.crt
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The request, PEM or DER.", valueName: "file.csr")) var file: String
  @Option(help: ArgumentHelp("What it may be used for: node, server or client.", valueName: "profile")) var profile:
    Profile?
  @Option(help: ArgumentHelp("How long it is valid; 90d unless config.yaml says otherwise.", valueName: "duration"))
  var lifetime: DurationArgument?
  @Option(help: ArgumentHelp("The common name that the request must have.", valueName: "name")) var name: String?
  @Option(help: ArgumentHelp("The organization that the request must have.", valueName: "org")) var org: String?
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("The certificate's file; the request's name with .crt unless given.", valueName: "file"))
  var out: String?
  @OptionGroup var passphrase: PassphraseOptions
  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    if let orchestrator = try remote.administration() { return try await sign(at: orchestrator) }
    let authority = try Home(common.home).authority()
    let configuration = try authority.home.configuration()
    let (der, parsed) = try RequestFile.read(file)
    let request = try VerifiedRequest(parsed)
    try request.require(commonName: name, organization: org)
    let grant = Grant(
      request, profile: profile ?? configuration.defaults.profile,
      lifetime: lifetime?.duration ?? configuration.defaults.lifetime)
    let authorized = try configuration.policy.authorize(grant, as: .desk)
    let desk = try Desk(authority, signing: try authority.signing(), source: passphrase.source)
    let issued = try await desk.issue(authorized, der: der)
    let path = out ?? defaultOutput
    let facts = SignedFacts(
      request: GrantFacts(grant, rule: authorized.rule),
      certificate: IssuedFacts(
        issued, names: grant.names, profile: grant.profile.rawValue, files: path == "-" ? [] : [path]))
    try write([issued.certificate] + desk.issuer.intermediates, to: path)
    if path != "-" { try common.console.report(facts) }
  }

  /// The orchestrator's policy decides, and its record has it.
  private func sign(at orchestrator: RemoteAdministration) async throws {
    let request = try VerifiedRequest(try RequestFile.read(file).request)
    try request.require(commonName: name, organization: org)
    let signed = try await orchestrator.sign(request, profile: profile, lifetime: lifetime?.duration)
    let path = out ?? defaultOutput
    try write(signed.chain, to: path)
    guard path != "-" else { return }
    try common.console.report(
      SignedFacts(
        request: GrantFacts(signed.grant, rule: signed.rule), certificate: try signed.facts(files: [path])))
  }

  private var defaultOutput: String {
    let stem =
      file.hasSuffix(".csr") || file.hasSuffix(".pem") || file.hasSuffix(".req") ? String(file.dropLast(4)) : file
    return stem + ".crt"
  }

  private func write(_ chain: [Certificate], to path: String) throws {
    let pem = try CertificateFile.pem(chain)
    guard path != "-" else { return common.console.write(pem) }
    do {
      try OutputFiles.write(pem, path: path)
    } catch {
      throw UndeliveredCertificate(serial: chain.first?.serialNumber.hex ?? "", failure: error)
    }
  }
}

/// A certificate was issued and recorded, and then its file could not be written.
struct UndeliveredCertificate: ExplainedError {
  var serial: String
  var failure: FileFailure

  var message: String { failure.message }
  var hint: String? { "the certificate is recorded; write it with `countersign export \(serial) -o FILE`" }
  var kind: FailureKind { .environment }
}
