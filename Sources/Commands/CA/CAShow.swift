import ArgumentParser
import Credentials
import Orchestrator
import X509

struct CAShow: AdministrativeCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "Show the authority's issuers.")

  @OptionGroup var common: CommonOptions

  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    if let orchestrator = try remote.administration() {
      return try common.console.emit(try await orchestrator.authority())
    }
    try common.console.emit(try AuthorityFacts(try Home(common.home).authority()))
  }
}

struct CABundle: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle", abstract: "Write the certificates that nodes trust: the roots, as PEM.")

  @OptionGroup var common: CommonOptions
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write; standard output unless given.", valueName: "file"))
  var out: String?

  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    if let orchestrator = try remote.administration() {
      return try common.console.deliver(Array(try await orchestrator.authority().roots.utf8), to: out)
    }
    let authority = try Home(common.home).authority()
    try common.console.deliver(try CertificateFile.pem(authority.trustBundle), to: out)
  }
}

extension Console {
  /// Writes what a command produced to a file, or to standard output where none or `-` is named.
  func deliver(_ bytes: [UInt8], to path: String?, access: OutputFiles.Access = .open) throws {
    guard let path, path != "-" else { return write(bytes) }
    try OutputFiles.write(bytes, path: path, access: access)
    note("wrote \(path)")
  }
}

extension Console {
  /// Says so where a trust bundle of somebody else is about to be replaced by ours.
  func warnOfForeignBundle(at path: String, replacedBy trust: [Certificate]) {
    guard let existing = try? CertificateFile.read(path), existing.contains(where: { !trust.contains($0) }) else {
      return
    }
    warn(
      "\(path) held other certificates, and is replaced by this authority's; `countersign trust add` would keep both")
  }
}

extension API.Authority: Facts {
  func lines(_ style: TextStyle) -> [String] {
    issuers.flatMap { issuer in
      [style.bold("issuer \(issuer.number)") + (issuer.signs ? " (signs)" : "")]
        + fieldLines(
          [
            ("subject", issuer.subject), ("issuer", issuer.issuer == issuer.subject ? nil : issuer.issuer),
            ("serial", issuer.serial), ("key", issuer.key), ("valid", "\(issuer.notBefore) to \(issuer.notAfter)"),
            ("sha256", issuer.sha256),
          ], indent: "  ")
    }
  }
}
