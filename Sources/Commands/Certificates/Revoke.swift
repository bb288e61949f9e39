import ArgumentParser
import Credentials
import Foundation
import Ledger
import LedgerSQLite
import Orchestrator
import X509

extension RevocationRecord.Reason: ExpressibleByArgument {}

struct Revoke: AdministrativeCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Mark a certificate as revoked; the next CRL lists it.",
    discussion: """
      countersign revoke node-1.crt --reason keyCompromise
      countersign crl -o ca.crl
      """)

  @OptionGroup var common: CommonOptions
  @Argument(help: ArgumentHelp("A serial, or the certificate's file.", valueName: "serial|file")) var target: String
  @Option(help: ArgumentHelp("Why: \(RevocationRecord.Reason.list).", valueName: "reason"))
  var reason: RevocationRecord.Reason = .unspecified

  @OptionGroup var remote: RemoteOptions

  func run() async throws {
    if let orchestrator = try remote.administration() { return try await revoke(at: orchestrator) }
    let home = Home(common.home)
    _ = try home.authority()
    let ledger = try home.ledger()
    let record = try await find(in: ledger)
    try await ledger.revoke(
      record.serial, of: record.reservation.issuer, reason: reason, by: operatorName(), at: Date())
    try? ledger.close()
    try common.console.report(
      RevokedFacts(
        serial: record.serial.hex, subject: record.reservation.subject, reason: reason.rawValue,
        next: "publish it: countersign crl -o FILE"))
  }

  private func revoke(at orchestrator: RemoteAdministration) async throws {
    let serial =
      OutputFiles.exists(target) ? try CertificateFile.read(target).first?.serialNumber : try SerialNumber.parse(target)
    guard let serial else { throw LedgerError.notASerial(target) }
    let revoked = try await orchestrator.revoke(serial.hex, API.Revocation(reason: reason.rawValue))
    try common.console.report(
      RevokedFacts(
        serial: revoked.serial, subject: revoked.subject, reason: revoked.reason,
        next: "nothing: the orchestrator publishes it"))
  }

  private func find(in ledger: some CertificateCatalog) async throws -> CertificateRecord {
    guard OutputFiles.exists(target) else { return try await ledger.record(of: SerialNumber.parse(target)) }
    let certificate = try CertificateFile.read(target).first
    guard let certificate,
      let record = try await ledger.record(
        of: certificate.serialNumber, fingerprint: Fingerprint(certificate).bytes)
    else {
      throw LedgerError.notFound("the certificate in \(target)")
    }
    return record
  }
}

extension RevocationRecord.Reason {
  static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

struct RevokedFacts: Facts {
  var serial: String
  var subject: String
  var reason: String
  var next: String

  func lines(_ style: TextStyle) -> [String] {
    fieldLines([("revoked", serial), ("subject", subject), ("reason", reason), ("next", next)])
  }
}
