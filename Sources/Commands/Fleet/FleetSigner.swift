import Credentials
import Foundation
import Ledger
import LedgerSQLite
import Orchestrator
import SwiftASN1
import X509

/// Who signs for the nodes of a fleet.
protocol FleetSigner: Sendable {
  /// Refuses what would not be signed, before anything is written anywhere.
  func authorize(_ grant: Grant, at now: Date) async throws -> AuthorizedRequest

  /// - Parameter serial: for a signer that lets others choose it, so that the certificate is found again after an
  ///   interruption.
  func sign(_ request: AuthorizedRequest, serial: SerialNumber, at now: Date) async throws -> SignedLeaf

  /// What was signed for a key in a run that was interrupted; nil where nothing was.
  func signed(for key: Certificate.PublicKey?, name: String, serial: SerialNumber) async throws -> SignedLeaf?

  /// What may have signed it.
  var issuers: [Certificate] { get }
}

struct SignedLeaf {
  var leaf: Certificate
  var intermediates: [Certificate]
}

/// The authority in files, with its record and its policy.
struct DeskSigner: FleetSigner {
  let desk: Desk
  let home: Home

  var issuers: [Certificate] { [desk.issuer.certificate] }

  func authorize(_ grant: Grant, at now: Date) throws -> AuthorizedRequest {
    let authorized = try home.configuration().policy.authorize(grant, as: .desk)
    try desk.check(authorized, at: now)
    return authorized
  }

  func sign(_ request: AuthorizedRequest, serial: SerialNumber, at now: Date) async throws -> SignedLeaf {
    let der = try request.grant.request.signed.derBytes()
    let issued = try await desk.issue(request, der: der, serial: serial, at: now)
    return SignedLeaf(leaf: issued.certificate, intermediates: desk.issuer.intermediates)
  }

  func signed(for key: Certificate.PublicKey?, name: String, serial: SerialNumber) async throws -> SignedLeaf? {
    let records = try await desk.ledger.records(of: serial)
    let issuer = try desk.issuer.certificate.publicKey.ledgerHash
    guard let record = records.first(where: { $0.reservation.issuer.keyID == issuer }), record.state == .issued,
      let der = record.issuance?.certificate, let leaf = try? Certificate(derEncoded: der),
      key.map({ $0 == leaf.publicKey }) ?? true
    else { return nil }
    return SignedLeaf(leaf: leaf, intermediates: desk.issuer.intermediates)
  }
}

/// A running orchestrator: its policy decides, and it chooses the serial.
struct OrchestratorSigner: FleetSigner {
  /// How many certificates of a name are looked at for one that was under way.
  private static let mostLookedAt = 20

  let orchestrator: RemoteAdministration
  let issuers: [Certificate]

  func authorize(_ grant: Grant, at now: Date) async throws -> AuthorizedRequest {
    let answer = try await orchestrator.testPolicy(
      API.PolicyQuestion(
        request: try grant.request.pem, admission: AdmissionKind.operator.rawValue, profile: grant.profile.rawValue,
        lifetimeSeconds: Int(grant.lifetime.components.seconds)))
    guard answer.allowed else {
      throw CommandError.refused(
        "the orchestrator refuses \(grant.subject), by policy rule \"\(answer.rule)\": \(answer.reason ?? "no reason")",
        hint: "its policy stands in its orchestrator.yaml; a rule's admissions have to name operator, or be left out")
    }
    // What it allowed, it looks at once more when it signs.
    return try IssuancePolicy.unrestricted.authorize(grant, as: .operator)
  }

  func sign(_ request: AuthorizedRequest, serial: SerialNumber, at now: Date) async throws -> SignedLeaf {
    let grant = request.grant
    let signed = try await orchestrator.sign(grant.request, profile: grant.profile, lifetime: grant.lifetime)
    return SignedLeaf(leaf: signed.leaf, intermediates: Array(signed.chain.dropFirst()))
  }

  func signed(for key: Certificate.PublicKey?, name: String, serial: SerialNumber) async throws -> SignedLeaf? {
    guard let key else { return nil }
    var query = API.CertificateQuery(limit: API.mostEntries)
    query.state = .issued
    query.name = name
    query.excludesSuperseded = true
    // The newest expire last.
    for found in try await orchestrator.allCertificates(query).suffix(Self.mostLookedAt).reversed() {
      guard let pem = try await orchestrator.certificate(found.serial).pem else { continue }
      let chain = try CertificateFile.parse(Array(pem.utf8), path: "the orchestrator's answer")
      if let leaf = chain.first, leaf.publicKey == key {
        return SignedLeaf(leaf: leaf, intermediates: Array(chain.dropFirst()))
      }
    }
    return nil
  }
}
