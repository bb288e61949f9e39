import Credentials
import Foundation
import Ledger
import LedgerSQLite
import X509

/// The authority at its own files: it issues as any other way to a certificate does, and names the operating system's
/// user in the record.
struct Desk {
  let issuing: RecordedIssuing
  let ledger: SQLiteLedger

  var issuer: Issuer { issuing.issuer }
  var reference: IssuerReference { issuing.reference }

  init(issuer: Issuer, reference: IssuerReference, ledger: SQLiteLedger) {
    issuing = RecordedIssuing(issuer: issuer, reference: reference, log: ledger)
    self.ledger = ledger
  }

  /// Opens key and ledger.
  init(_ authority: Authority, signing stored: StoredIssuer, source: PassphraseSource) throws {
    self.init(
      issuer: try stored.unlock(source), reference: try stored.reference(), ledger: try authority.home.ledger())
  }

  /// Refuses what this issuer can't sign, before anything is written anywhere.
  func check(_ request: AuthorizedRequest, at now: Date = Date()) throws { try issuing.check(request, at: now) }

  /// Signs what the policy allowed, and records it before it is handed out.
  /// - Parameter serial: for callers who must find the certificate again if they are interrupted.
  func issue(
    _ request: AuthorizedRequest, der: [UInt8]?, serial: SerialNumber = .random(), at now: Date = Date()
  ) async throws -> IssuedCertificate {
    try await issuing.issue(request, der: der, serial: serial, by: operatorName(), at: now)
  }

  /// Signs an authority below this one.
  func issueIntermediate(
    _ plan: AuthorityPlan, key: Certificate.PublicKey, at now: Date = Date()
  ) async throws -> IssuedCertificate {
    let validity = try issuer.validity(for: plan.lifetime, at: now)
    let serial = SerialNumber.random()
    let reservation = Reservation(
      serial: serial, issuer: reference, subject: "CN=\(plan.name)", commonName: plan.name,
      organization: plan.organization, profile: "authority", keyAlgorithm: key.label, notBefore: validity.notBefore,
      notAfter: validity.notAfter, publicKeyHash: try Fingerprint(key).bytes, requestedBy: operatorName())
    return try await issuing.recorded(reservation, at: now) {
      try issuer.issueIntermediate(plan, key: key, serial: serial, at: now)
    }
  }
}

extension SerialNumber {
  static func random() -> SerialNumber {
    var random = SystemRandomNumberGenerator()
    return .random(using: &random)
  }
}
