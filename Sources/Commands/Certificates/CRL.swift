import ArgumentParser
import Credentials
import Formats
import Foundation
import Ledger
import LedgerSQLite
import X509

struct CRL: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "crl", abstract: "Sign the list of revoked certificates.",
    discussion: """
      PEM holds one list of each issuer, because servers such as nginx want one for every authority in a chain; --der
      holds the signing issuer's alone.
        countersign crl -o ca.crl
      """)

  @OptionGroup var common: CommonOptions
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write; standard output unless given.", valueName: "file"))
  var out: String?
  @Option(help: ArgumentHelp("When the next list comes at the latest.", valueName: "duration"))
  var nextUpdate = DurationArgument(.seconds(7 * 86_400))
  @Flag(help: "Write DER.") var der = false
  @OptionGroup var passphrase: PassphraseOptions

  func run() async throws {
    let authority = try Home(common.home).authority()
    let ledger = try authority.home.ledger()
    let now = Date()
    var lists: [[UInt8]] = []
    for stored in der ? [try authority.signing()] : authority.issuers {
      let issuer = try stored.unlock(passphrase.source)
      lists.append(try await list(of: stored, issuer: issuer, ledger: ledger, at: now))
    }
    try? ledger.close()
    let bytes = der ? lists.flatMap { $0 } : Array(lists.map { PEM.encode("X509 CRL", $0) }.joined().utf8)
    try common.console.deliver(bytes, to: out)
  }

  private func list(
    of stored: StoredIssuer, issuer: Issuer, ledger: some RevocationLog, at now: Date
  ) async throws -> [UInt8] {
    let reference = try stored.reference()
    // A revoked certificate stays listed until it has expired (RFC 5280 §3.3).
    let entries = try await ledger.revocations(of: reference, expiringAfter: now).map(RevokedCertificate.init)
    let number = try await ledger.reserveCRLNumber(of: reference, by: operatorName(), at: now)
    let next = now + Double(nextUpdate.duration.components.seconds)
    let bytes = try issuer.revocationList(entries, number: UInt64(number), thisUpdate: now, nextUpdate: next)
    try await ledger.commit(
      IssuedCRL(
        issuer: reference, number: number, thisUpdate: now, nextUpdate: next,
        fingerprint: Fingerprint(of: bytes).bytes), by: operatorName(), at: now)
    return bytes
  }
}

extension RevokedCertificate {
  init(_ record: RevocationRecord) {
    self.init(
      serial: record.serial, date: record.revokedAt,
      // RFC 5280 §5.3.1: unspecified is said by leaving the reason out.
      reason: record.reason == .unspecified ? nil : RevocationReason(text: record.reason.rawValue))
  }
}
