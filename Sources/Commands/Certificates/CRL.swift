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
    for stored in der ? [try authority.signing()] : try signers(of: authority) {
      let issuer = try stored.unlock(passphrase.source)
      lists.append(try await list(of: stored, issuer: issuer, ledger: ledger, at: now))
    }
    try? ledger.close()
    let bytes = der ? lists.flatMap { $0 } : Array(lists.map { PEM.encode("X509 CRL", $0) }.joined().utf8)
    try common.console.deliver(bytes, to: out)
  }

  /// Issuers whose keys lie here. That of a root may be kept elsewhere: its list is signed there.
  private func signers(of authority: Authority) throws -> [StoredIssuer] {
    let present = authority.issuers.filter { OutputFiles.exists($0.keyPath) }
    guard !present.isEmpty else { return authority.issuers }
    for absent in authority.issuers where !OutputFiles.exists(absent.keyPath) {
      common.console.note("without the list of \(absent.certificate.subject), whose key is not here: \(absent.keyPath)")
    }
    return present
  }

  private func list(
    of stored: StoredIssuer, issuer: Issuer, ledger: some RevocationLog, at now: Date
  ) async throws -> [UInt8] {
    let list = RecordedRevocationList(issuer: issuer, reference: try stored.reference(), log: ledger)
    let next = now + Double(nextUpdate.duration.components.seconds)
    return try await list.sign(.init(from: now, to: next), by: operatorName(), at: now).der
  }
}
