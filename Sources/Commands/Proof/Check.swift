import ArgumentParser
import Credentials
import Diagnosis
import Formats
import Foundation
import TLSRuntime
import X509

extension StartTLSProtocol: ExpressibleByArgument {}

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Look at a live server: what it serves, whom it trusts, what it does with us.",
    discussion: """
      Connects without a certificate, with a foreign one, and with ours, and says what the server did each time.
        countersign check orchestrator.example.org:8443 --trust ca.crt --cert node-1.crt --key node-1.key
        countersign check nats.example.org:4222 --starttls nats --trust ca.crt
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The server.", valueName: "host:port")) var endpoint: String
  @Option(help: ArgumentHelp("The certificates to trust: .pem, .crt, .jks or .p12.", valueName: "bundle")) var trust:
    String?
  @OptionGroup var password: PasswordOptions
  @Option(help: ArgumentHelp("Our certificate, with its intermediates.", valueName: "file")) var cert: String?
  @Option(help: ArgumentHelp("Our private key.", valueName: "file")) var key: String?
  @Option(help: ArgumentHelp("The name that its certificate must have; the host unless given.", valueName: "name"))
  var name: String?
  @Option(help: ArgumentHelp("A protocol that starts in the clear: nats or postgres.", valueName: "protocol"))
  var starttls: StartTLSProtocol?
  @Option(
    help: ArgumentHelp(
      "A Choreo Connect config.toml: says whether its [router.upstream.tls] and the server agree.", valueName: "file"))
  var config: String?

  func validate() throws {
    if (cert == nil) != (key == nil) { throw ValidationError("--cert and --key go together") }
    if Endpoint(parsing: endpoint) == nil { throw ValidationError("\"\(endpoint)\" is not HOST:PORT") }
  }

  func run() async throws {
    guard let endpoint = Endpoint(parsing: endpoint) else { return }
    let bundle = try trust.map { try TrustFile.read($0, passwordFile: password.passwordFile) }
    let now = Date()
    let expected = name ?? endpoint.host
    var request = CheckRequest(endpoint: endpoint, now: now) { chain in
      assess(chain, trust: bundle, name: expected, at: now)
    }
    request.name = name
    request.startTLS = starttls
    request.trust = bundle?.map(certificateTitle)
    if let cert, let key {
      let privateKey = try KeyFile.read(key) { try password.password(for: key) }
      request.credential = TLSCredential(chain: try CertificateFile.read(cert), key: privateKey)
    }
    request.upstream = try config.map(upstreamSettings)
    let report = try await TLSRuntime.Check.run(request)
    try common.console.emit(CheckFacts(report: report))
    if !report.isHealthy { throw NegativeAnswer() }
  }

  private func upstreamSettings(_ path: String) throws -> UpstreamTLSSettings {
    let bytes = try InputFile.read(path, limit: TOMLTable.sizeLimit)
    do throws(FormatError) {
      if let settings = try UpstreamTLSSettings(configTOML: bytes) { return settings }
    } catch {
      throw CommandError.usage("\(path): \(error.message)", hint: error.hint)
    }
    throw CommandError.usage("\(path) has no [router.upstream.tls]", hint: "name the router's config.toml")
  }
}

/// What our verifier says of a chain that a server presented.
func assess(_ chain: [[UInt8]], trust: [[UInt8]]?, name: String, at now: Date) -> ServerAssessment {
  let presented = chain.map { CertificateInput(der: $0) }
  guard let leaf = presented.first else {
    return ServerAssessment(chain: .notVerified("the server presented no certificate"), name: .notChecked)
  }
  let others = Array(presented.dropFirst())
  let nameVerdict = assessName(leaf, name)
  guard let trust else {
    return ServerAssessment(chain: .notVerified("no trust bundle was given (--trust)"), name: nameVerdict)
  }
  let request = PathRequest(
    leaf: leaf, intermediates: others, trust: trust.map { CertificateInput(der: $0) }, at: now, purpose: .server)
  switch verify(request) {
  case .accepted(let path):
    return ServerAssessment(chain: .trusted(path: path.map { "\($0.subject)" }), name: nameVerdict)
  case .rejected(let rejection):
    return ServerAssessment(chain: .untrusted(code: rejection.first.code, reason: rejection.message), name: nameVerdict)
  }
}

private func assessName(_ leaf: CertificateInput, _ name: String) -> ServerAssessment.Name {
  guard let reference = ReferenceName(name) else {
    return .mismatch("\"\(name)\" is not a host name, an address or a URI")
  }
  guard let reason = leaf.nameMismatch(reference) else { return .matches }
  return .mismatch(reason.message)
}

struct CheckFacts: Facts {
  var report: CheckReport

  func encode(to encoder: any Encoder) throws { try report.encode(to: encoder) }

  func lines(_ style: TextStyle) -> [String] { report.render() }
}
