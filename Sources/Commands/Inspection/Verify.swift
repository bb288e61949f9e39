import ArgumentParser
import Credentials
import Formats
import Foundation
import X509

extension Purpose: ExpressibleByArgument {}
extension RuleSet: ExpressibleByArgument {}

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Say whether a certificate would be accepted, and if not, why.",
    discussion: """
      countersign verify node-1.crt --trust ca.crt --purpose client
      countersign verify server.crt --trust ca.crt --name orchestrator.example.org --crl ca.crl --at 2027-01-01T00:00:00Z
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The certificate; further ones in the file count as its chain.", valueName: "file"))
  var file: String
  @Option(help: ArgumentHelp("The certificates to trust: .pem, .crt, .jks or .p12.", valueName: "bundle")) var trust:
    String
  @Option(help: ArgumentHelp("A file that holds the trust store's password.", valueName: "file")) var passwordFile:
    String?
  @Option(help: ArgumentHelp("Intermediates.", valueName: "file")) var chain: String?
  @Option(help: ArgumentHelp("Its part in the handshake: server or client.", valueName: "purpose")) var purpose:
    Purpose?
  @Option(help: ArgumentHelp("The host, address or URI that it must name.", valueName: "name")) var name: String?
  @Option(help: ArgumentHelp("The time to judge at (RFC 3339); now unless given.", valueName: "time")) var at:
    TimeArgument?
  @Option(help: ArgumentHelp("A list of revoked certificates, PEM or DER.", valueName: "file")) var crl: String?
  @Option(help: ArgumentHelp("The most intermediates that a path may have.", valueName: "n")) var maxPath: Int?
  @Option(help: ArgumentHelp("rfc5280, or webpki for the browsers' stricter reading.", valueName: "rules")) var rules:
    RuleSet = .rfc5280

  func validate() throws {
    if let maxPath, maxPath < 0 { throw ValidationError("--max-path must not be negative") }
  }

  func run() async throws {
    let verdict = Credentials.verify(try pathRequest())
    try common.console.emit(VerdictFacts(file: file, verdict: verdict))
    if verdict.rejection != nil { throw NegativeAnswer() }
  }

  private func pathRequest() throws -> PathRequest {
    let presented = try CertificateFile.der(try InputFile.read(file), path: file).map { CertificateInput(der: $0) }
    guard let leaf = presented.first else { throw CommandError.usage("\(file) holds no certificate") }
    let others = try chain.map { path in
      try CertificateFile.der(try InputFile.read(path), path: path).map { CertificateInput(der: $0) }
    }
    var request = PathRequest(
      leaf: leaf, intermediates: Array(presented.dropFirst()) + (others ?? []),
      trust: try TrustFile.read(trust, passwordFile: passwordFile).map { CertificateInput(der: $0) },
      at: at?.date ?? Date(), purpose: purpose, rules: rules)
    if let name {
      guard let reference = ReferenceName(name) else {
        throw CommandError.usage("\"\(name)\" is not a host name, an address or a URI")
      }
      request.names = [reference]
    }
    request.maxPathLength = maxPath
    if let crl { request.revocationLists = try CRLFile.read(crl) }
    return request
  }
}

/// Revocation lists in files.
enum CRLFile {
  static func read(_ path: String) throws -> [CertificateRevocationList] {
    let bytes = try InputFile.read(path, limit: CertificateRevocationList.sizeLimit)
    guard PEM.isLikely(bytes) else { return [try CertificateRevocationList(der: bytes)] }
    let lists = try PEM.parse(bytes).filter { $0.label == "X509 CRL" }
    guard !lists.isEmpty else {
      throw CommandError.usage(
        "\(path) holds no certificate revocation list", hint: "it begins with -----BEGIN X509 CRL-----")
    }
    return try lists.map { try CertificateRevocationList(der: $0.der) }
  }
}

/// The verdict on a certificate.
struct VerdictFacts: Facts {
  struct Step: Encodable {
    var subject: String
    var issuer: String
    var notAfter: String
    var sha256: String
  }

  var file: String
  var accepted: Bool
  var path: [Step]
  var rejection: Rejection?
  var hint: String?

  init(file: String, verdict: Verdict) {
    self.file = file
    accepted = verdict.path != nil
    rejection = verdict.rejection
    hint = verdict.rejection?.hint
    path = (verdict.path ?? []).map { certificate in
      Step(
        subject: "\(certificate.subject)", issuer: "\(certificate.issuer)",
        notAfter: rfc3339(certificate.notValidAfter),
        sha256: (try? Fingerprint(certificate).description) ?? "")
    }
  }

  func lines(_ style: TextStyle) -> [String] {
    guard let rejection else {
      return ["\(file): \(style.green("accepted"))"]
        + path.enumerated().map { depth, step in "  \(depth)  \(step.subject)  until \(step.notAfter)" }
    }
    var lines = ["\(file): \(style.red("rejected")): \(rejection.first.message) [\(rejection.first.code)]"]
    if let subject = rejection.subject { lines.append("  certificate  \(subject)") }
    for reason in rejection.underlying { lines.append("  underlying   \(reason.message) [\(reason.code)]") }
    lines.append("  rule         \(rejection.first.section)")
    if let hint = rejection.hint { lines.append("  hint         \(hint)") }
    return lines
  }
}
