import Credentials
import Enrolment
package import Foundation
import HTTPTypes
package import Ledger
import SwiftASN1
import X509

/// The renewal of a certificate that has expired, proven by a signature with its key. Only for the newest certificate of
/// its node: of a cloned node, one copy has renewed before, and the other shows itself here.
package struct LateRenewalAdmission: AdmissionMethod {
  private let catalog: any CertificateCatalog
  private let nonces: NonceBook

  package init(catalog: any CertificateCatalog, nonces: NonceBook) {
    self.catalog = catalog
    self.nonces = nonces
  }

  package func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    guard case .lateRenewal(let evidence) = request.operation else { return .notMine }
    guard let late = snapshot.configuration.admission.renewal.late else {
      return .refused(Self.refusal("Late renewal is not offered here.", "late renewal is not offered"))
    }
    let certificate: Certificate
    do {
      try nonces.check(evidence.nonce, at: now)
      certificate = try Certificate(derEncoded: evidence.certificate)
      try LateRenewalStatement(nonce: evidence.nonce, request: request.der)
        .verify(evidence.signature, by: certificate.publicKey)
      try nonces.redeem(evidence.nonce, at: now)
    } catch LateRenewalError.tooManyNonces {
      return .refused(Refusal(.busy(retryAfter: 60), rule: Self.rule, cause: LateRenewalError.tooManyNonces.message))
    } catch let error as LateRenewalError {
      return .refused(Self.refusal("The proof is not valid: \(error.message).", error.message))
    } catch {
      return .refused(
        Refusal(
          Problem(.malformed, .badRequest, "The certificate can't be read."), rule: Self.rule,
          cause: "the certificate can't be read"))
    }
    // Whose signature it is, is proven; what the certificate is, only the ledger says.
    let fingerprint = Fingerprint(of: evidence.certificate).bytes
    guard let record = try await catalog.record(of: certificate.serialNumber, fingerprint: fingerprint),
      let issuance = record.issuance, Profile(rawValue: record.reservation.profile) != nil
    else { return .refused(Self.refusal("The certificate can't be renewed.", "the certificate was not issued here")) }
    return try decide(record, issuance, late: late, source: request.source, at: now)
  }

  private func decide(
    _ record: CertificateRecord, _ issuance: CertificateRecord.Issuance, late: Duration, source: String, at now: Date
  ) throws -> AdmissionOutcome {
    let serial = record.serial.hex
    guard record.revocation == nil else {
      return .refused(Self.refusal("The certificate can't be renewed.", "certificate \(serial) is revoked"))
    }
    let end = record.reservation.notAfter
    guard end < now else {
      return .refused(
        Self.refusal(
          "The certificate is still valid: renew it with simplereenroll.", "certificate \(serial) is still valid"))
    }
    guard now.timeIntervalSince(end) <= Double(late.components.seconds) else {
      return .refused(
        Self.refusal(
          "The certificate expired too long ago to be renewed.",
          "certificate \(serial) expired more than \(late.operatorText) ago"))
    }
    let admission = Ledger.Admission(
      kind: .lateRenewal, rule: Self.rule,
      claim: .renewal(of: record.serial, issuer: record.reservation.issuer, isLatest: true), source: source)
    return .admitted(admission, bounds: .renewal(of: try Certificate(derEncoded: issuance.certificate)))
  }

  private static let rule = "admission.renewal.late"

  private static func refusal(_ detail: String, _ cause: String) -> Refusal {
    Refusal(Problem(.forbidden, .forbidden, detail), rule: rule, cause: cause)
  }
}
