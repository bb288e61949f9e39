import ArgumentParser
import Credentials
import Diagnosis
import Enrolment
import Foundation
import Orchestrator
import TLSRuntime
import X509

/// How a command that can act on a running orchestrator gets at it.
struct RemoteOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Act on the orchestrator at this URL instead of the home.", valueName: "url"))
  var orchestrator: String?

  @OptionGroup var access: AccessOptions

  /// The running orchestrator that a command is to act on; nil for the home.
  func administration() throws -> RemoteAdministration? {
    if let orchestrator { return try access.administration(at: OrchestratorAddress(orchestrator)) }
    return try access.administration()
  }
}

/// Who asks an orchestrator.
struct AccessOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file that holds the access to an orchestrator, as `orchestrator access` writes it.",
      discussion: "Else $COUNTERSIGN_ACCESS_FILE, where an orchestrator is named.", valueName: "file"))
  var accessFile: String?

  @Option(help: ArgumentHelp("Our certificate for the orchestrator, in place of an access file.", valueName: "file"))
  var clientCert: String?

  @Option(help: ArgumentHelp("The private key of --client-cert.", valueName: "file"))
  var clientKey: String?

  @Option(help: ArgumentHelp("The roots that the orchestrator's certificate must lead to.", valueName: "bundle"))
  var orchestratorTrust: String?

  func validate() throws {
    guard (clientCert == nil) == (clientKey == nil) else {
      throw ValidationError("--client-cert and --client-key go together")
    }
    guard (clientCert == nil) == (orchestratorTrust == nil) else {
      throw ValidationError("--client-cert and --orchestrator-trust go together")
    }
    if clientCert != nil, accessFile != nil {
      throw ValidationError("--access-file and --client-cert exclude each other")
    }
  }

  /// The orchestrator at an address.
  func administration(at address: OrchestratorAddress) throws -> RemoteAdministration {
    if let clientCert, let clientKey, let orchestratorTrust {
      let key = try KeyFile.read(clientKey) {
        guard let typed = try Terminal.readSecret("Passphrase for \(clientKey): ") else {
          throw CommandError.usage("\(clientKey) is encrypted, and there is no terminal to ask on")
        }
        return typed
      }
      let credential = TLSCredential(chain: try CertificateFile.read(clientCert), key: key)
      return RemoteAdministration(
        address: address, access: .certificate(credential, trust: try CertificateFile.read(orchestratorTrust)))
    }
    let environment = ProcessInfo.processInfo.environment["COUNTERSIGN_ACCESS_FILE"].flatMap { $0.isEmpty ? nil : $0 }
    guard let file = accessFile ?? environment else {
      throw CommandError.usage(
        "the orchestrator needs to know who asks",
        hint: "name an access file with --access-file or $COUNTERSIGN_ACCESS_FILE, or use --client-cert")
    }
    return RemoteAdministration(address: address, access: .token(try Self.read(file)))
  }

  /// The orchestrator that the access file names; nil where there is none.
  func administration() throws -> RemoteAdministration? {
    guard clientCert == nil else {
      throw CommandError.usage("--client-cert goes with --orchestrator", hint: "say which with --orchestrator URL")
    }
    guard let accessFile else { return nil }
    let access = try Self.read(accessFile)
    return RemoteAdministration(address: try OrchestratorAddress(access.url), access: .token(access))
  }

  private static func read(_ path: String) throws -> JoinString {
    let bytes = try InputFile.read(path, limit: 64 << 10)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError.usage("\(path) is not UTF-8 text")
    }
    do {
      return try JoinString.decode(text)
    } catch {
      throw CommandError.usage("\(path): \(error.message)", hint: error.hint)
    }
  }
}

/// `https://HOST[:PORT]`.
struct OrchestratorAddress: Sendable {
  let endpoint: Endpoint

  init(_ text: String) throws {
    var rest = Substring(text)
    guard rest.hasPrefix("https://") else { throw Self.unusable(text) }
    rest = rest.dropFirst("https://".count)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    guard let endpoint = Endpoint(parsing: String(rest)) ?? Endpoint(parsing: "\(rest):443") else {
      throw Self.unusable(text)
    }
    self.endpoint = endpoint
  }

  private static func unusable(_ text: String) -> CommandError {
    .usage("\"\(text)\" is not the URL of an orchestrator", hint: "it is written https://HOST:PORT")
  }
}

/// A command that works beside the ledger as well as across the network.
protocol AdministrativeCommand: AsyncParsableCommand {
  var common: CommonOptions { get }
  var remote: RemoteOptions { get }
}

extension AdministrativeCommand {
  /// Where the command acts.
  func administration(url: String? = nil) throws -> any Administration {
    if let remote = try remote.administration() { return remote }
    return try Home(common.home).administration(url: url)
  }
}

extension Home {
  /// Administration beside the ledger; a running orchestrator follows it.
  func administration(url: String? = nil) throws -> LedgerAdministration {
    let authority = try authority()
    let configuration = try configuration()
    return LedgerAdministration(
      ledger: try ledger(),
      setting: LedgerAdministration.Setting(
        issuers: authority.issuers.map { .init(number: $0.number, certificate: $0.certificate, chain: $0.chain) },
        roots: authority.trustBundle, policy: configuration.policy, profile: configuration.defaults.profile,
        lifetime: configuration.defaults.lifetime, url: url),
      actor: operatorName())
  }
}
