import Credentials
import Foundation
import Ledger
import LedgerSQLite
import X509

/// The authority at its own files: admit, reserve, sign, verify, commit, in this order and with the same stages as
/// any other way to a certificate.
struct Desk {
  let authority: Authority
  let stored: StoredIssuer
  let issuer: Issuer
  let ledger: SQLiteLedger

  /// Opens key and ledger.
  init(_ authority: Authority, signing stored: StoredIssuer, source: PassphraseSource) throws {
    self.authority = authority
    self.stored = stored
    issuer = try stored.unlock(source)
    ledger = try authority.home.ledger()
  }

  /// Refuses what this issuer can't sign, before anything is written anywhere.
  func check(_ request: AuthorizedRequest, at now: Date = Date()) throws {
    _ = try issuer.validity(for: request.grant.lifetime, at: now)
    try issuer.checkNames(request.grant)
  }

  /// Signs what the policy allowed, and records it before it is handed out.
  func issue(_ request: AuthorizedRequest, der: [UInt8]?, at now: Date = Date()) async throws -> IssuedCertificate {
    let grant = request.grant
    try check(request, at: now)
    let validity = try issuer.validity(for: grant.lifetime, at: now)
    let record = try LeafRecord(grant, validity: validity, request: der)
    return try await recorded(record, at: now) { serial throws(IssuanceError) in
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
    return try await recorded(record, at: now) { serial in
      try issuer.issueIntermediate(plan, key: key, serial: serial, at: now)
    }
  }

  private func recorded(
    _ record: LeafRecord, at now: Date, sign: (SerialNumber) throws -> IssuedCertificate
  ) async throws -> IssuedCertificate {
    var random = SystemRandomNumberGenerator()
    let serial = SerialNumber.random(using: &random)
    let reference = try stored.reference()
    try await ledger.reserve(record.reservation(serial, issuer: reference), at: now)
    let issued = try sign(serial)
    try await ledger.commit(serial, of: reference, certificate: issued.der, at: now)
    return issued
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
