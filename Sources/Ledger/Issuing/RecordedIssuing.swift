package import Credentials
package import Foundation

/// An issuer with its record: check, reserve, sign, verify, commit, in this order, whoever asks. The desk and the
/// orchestrator issue through this and nothing else.
package struct RecordedIssuing: Sendable {
  package let issuer: Issuer
  /// How the ledger names the issuer.
  package let reference: IssuerReference
  package let log: any IssuanceLog

  package init(issuer: Issuer, reference: IssuerReference, log: any IssuanceLog) {
    self.issuer = issuer
    self.reference = reference
    self.log = log
  }

  /// Refuses what this issuer can't sign, before anything is written anywhere.
  /// - Returns: the validity that the certificate will have.
  /// - Throws: ``IssuanceError``.
  @discardableResult
  package func check(_ request: AuthorizedRequest, at now: Date) throws(IssuanceError) -> Validity {
    let validity = try issuer.validity(for: request.grant.lifetime, at: now)
    try issuer.checkNames(request.grant)
    return validity
  }

  /// Signs what the policy allowed. The certificate is in the record before this returns.
  /// - Parameters:
  ///   - der: the request as it came.
  ///   - admission: how a live request was let in; its claim is taken in the same transaction as the serial.
  /// - Throws: ``IssuanceError``, ``LedgerError``.
  package func issue(
    _ request: AuthorizedRequest, der: [UInt8]?, serial: SerialNumber, by requester: String,
    admission: Admission? = nil, at now: Date
  ) async throws -> IssuedCertificate {
    let validity = try check(request, at: now)
    let reservation = Reservation(
      request.grant, serial: serial, issuer: reference, validity: validity, request: der, requestedBy: requester,
      admission: admission)
    return try await recorded(reservation, at: now) { () throws(IssuanceError) in
      try issuer.issue(request, serial: serial, at: now)
    }
  }

  /// Signs what the policy allowed, with a serial from the supply, which was on the disk before. One transaction then
  /// takes the admission's claim and writes the certificate, before this returns. What can't be written is thrown away.
  /// - Parameters: as ``issue(_:der:serial:by:admission:at:)``.
  /// - Throws: ``IssuanceError``, ``LedgerError``.
  package func issue(
    _ request: AuthorizedRequest, der: [UInt8]?, serials: SerialSupply, by requester: String, admission: Admission?,
    at now: Date
  ) async throws -> IssuedCertificate {
    let validity = try check(request, at: now)
    let serial = try await serials.next(of: reference, from: log, by: requester, at: now)
    let reservation = Reservation(
      request.grant, serial: serial, issuer: reference, validity: validity, request: der, requestedBy: requester,
      admission: admission)
    let issued = try issuer.issue(request, serial: serial, at: now)
    try await log.record(reservation, certificate: issued.der, at: now)
    return issued
  }

  /// Writes the reservation, signs, and writes the certificate.
  package func recorded(
    _ reservation: Reservation, at now: Date, sign: () throws -> IssuedCertificate
  ) async throws -> IssuedCertificate {
    try await log.reserve(reservation, at: now)
    let issued = try sign()
    try await log.commit(reservation.serial, of: reference, certificate: issued.der, at: now)
    return issued
  }
}

extension Reservation {
  /// What is written down for a leaf.
  package init(
    _ grant: Grant, serial: SerialNumber, issuer: IssuerReference, validity: Validity, request: [UInt8]?,
    requestedBy: String, admission: Admission? = nil
  ) {
    self.init(
      serial: serial, issuer: issuer, subject: "\(grant.subject)", commonName: grant.subject.commonName,
      organization: grant.subject.organization, names: grant.names.map(\.description), profile: grant.profile.rawValue,
      keyAlgorithm: grant.request.publicKey.label, notBefore: validity.notBefore, notAfter: validity.notAfter,
      publicKeyHash: Fingerprint(of: grant.request.keyInfo).bytes, request: request, requestedBy: requestedBy,
      admission: admission)
  }
}
