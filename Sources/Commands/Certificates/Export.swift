import ArgumentParser
import Credentials
import Formats
import Ledger
import LedgerSQLite
import Orchestrator
import X509

struct Export: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write what was issued, once more, from the ledger.",
    discussion: "countersign export 5f0c… -o node-1.crt")

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("The certificate's serial, hexadecimal.", valueName: "serial")) var serial: String
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write; standard output unless given.", valueName: "file"))
  var out: String?

  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    if let orchestrator = try remote.administration() {
      let found = try await orchestrator.certificate(SerialNumber.parse(serial).hex)
      guard let pem = found.pem else { throw LedgerError.neverIssued(found.certificate.serial) }
      return try common.console.deliver(Array(pem.utf8), to: out)
    }
    let authority = try Home(common.home).authority()
    let record = try await authority.home.ledgerForReading().record(of: SerialNumber.parse(serial))
    guard let issuance = record.issuance else { throw LedgerError.neverIssued(record.serial.hex) }
    let issuer = try authority.issuers.first { try $0.reference().keyID == record.reservation.issuer.keyID }
    let pem = PEM.encode("CERTIFICATE", issuance.certificate)
    let chain = try CertificateFile.pem(issuer?.intermediates ?? [])
    try common.console.deliver(Array(pem.utf8) + chain, to: out)
  }
}
