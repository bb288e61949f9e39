import Credentials
import Foundation
import Ledger
import LedgerSQLite
import X509

/// The authority at its own files: admit, reserve, sign, verify, commit, in this order and with the same stages as
/// any other way to a certificate.
struct Desk {
  let issuer: Issuer
  /// How the ledger names the issuer.
  let reference: IssuerReference
  let ledger: SQLiteLedger

  init(issuer: Issuer, reference: IssuerReference, ledger: SQLiteLedger) {
    self.issuer = issuer
    self.reference = reference
    self.ledger = ledger
  }

  /// Opens key and ledger.
  init(_ authority: Authority, signing stored: StoredIssuer, source: PassphraseSource) throws {
    self.init(
      issuer: try stored.unlock(source), reference: try stored.reference(), ledger: try authority.home.ledger())
  }

  /// Refuses what this issuer can't sign, before anything is written anywhere.
  func check(_ request: AuthorizedRequest, at now: Date = Date()) throws {
    _ = try issuer.validity(for: request.grant.lifetime, at: now)
    try issuer.checkNames(request.grant)
  }

  /// Signs what the policy allowed, and records it before it is handed out.
  /// - Parameter serial: for callers who must find the certificate again if they are interrupted.
  func issue(
    _ request: AuthorizedRequest, der: [UInt8]?, serial: SerialNumber = .random(), at now: Date = Date()
  ) async throws -> IssuedCertificate {
    let grant = request.grant
    try check(request, at: now)
    let validity = try issuer.validity(for: grant.lifetime, at: now)
    let record = try LeafRecord(grant, validity: validity, request: der)
    return try await recorded(record, serial: serial, at: now) { () throws(IssuanceError) in
      try issuer.issue(request, serial: serial, at: now)
    }
  }

  /// Signs an authority below this one.
  func issueIntermediate(
    _ plan: AuthorityPlan, key: Certificate.PublicKey, at now: Date = Date()
  ) async throws -> IssuedCertificate {
    let validity = try issuer.validity(for: plan.lifetime, at: now)
    let record = LeafRecord(
      subject: "CN=\(plan.name)", commonName: plan.name, organization: plan.organization, names: [],
      profile: "authority", keyAlgorithm: key.label, validity: validity,
      publicKeyHash: try Fingerprint(key).bytes, request: nil)
    let serial = SerialNumber.random()
    return try await recorded(record, serial: serial, at: now) {
      try issuer.issueIntermediate(plan, key: key, serial: serial, at: now)
    }
  }

  private func recorded(
    _ record: LeafRecord, serial: SerialNumber, at now: Date, sign: () throws -> IssuedCertificate
  ) async throws -> IssuedCertificate {
    try await ledger.reserve(record.reservation(serial, issuer: reference), at: now)
    let issued = try sign()
    try await ledger.commit(serial, of: reference, certificate: issued.der, at: now)
    return issued
  }
}

extension SerialNumber {
  static func random() -> SerialNumber {
    var random = SystemRandomNumberGenerator()
    return .random(using: &random)
  }
}

/// What the ledger keeps of a certificate to be.
struct LeafRecord {
  var subject: String
  var commonName: String?
  var organization: String?
  var names: [SubjectName]
  var profile: String
  var keyAlgorithm: String
  var validity: Validity
  var publicKeyHash: [UInt8]
  var request: [UInt8]?

  func reservation(_ serial: SerialNumber, issuer: IssuerReference) -> Reservation {
    Reservation(
      serial: serial, issuer: issuer, subject: subject, commonName: commonName, organization: organization,
      names: names.map(\.description), profile: profile, keyAlgorithm: keyAlgorithm, notBefore: validity.notBefore,
      notAfter: validity.notAfter, publicKeyHash: publicKeyHash, request: request, requestedBy: operatorName())
  }
}

extension LeafRecord {
  init(_ grant: Grant, validity: Validity, request: [UInt8]?) throws {
    self.init(
      subject: "\(grant.subject)", commonName: grant.subject.commonName, organization: grant.subject.organization,
      names: grant.names, profile: grant.profile.rawValue, keyAlgorithm: grant.request.publicKey.label,
      validity: validity, publicKeyHash: try Fingerprint(grant.request.publicKey).bytes, request: request)
  }
}
