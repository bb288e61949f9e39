import Credentials
import Enrolment
package import Foundation
import HTTPTypes
package import Ledger
import X509

/// The next certificate of a node, for the present one, which its client proved in the handshake (RFC 7030 §4.2.2). The
/// subject and the names stay; the key may be another one.
package struct RenewalAdmission: AdmissionMethod {
  private static let rule = "admission.renewal"

  private let nodes: any NodeCatalog
  private let revocations: KnownRevocations

  package init(nodes: any NodeCatalog, revocations: KnownRevocations) {
    self.nodes = nodes
    self.revocations = revocations
  }

  package func admit(
    _ request: EnrolmentRequest, in snapshot: OrchestratorCore.Snapshot, at now: Date
  ) async throws -> AdmissionOutcome {
    guard case .reenrol = request.operation else { return .notMine }
    guard let peer = request.peer else {
      return .refused(Self.refusal("simplereenroll needs the client certificate that is to be renewed"))
    }
    guard case .own(let issuer) = peer.origin else {
      return .refused(Self.refusal("simplereenroll renews certificates of this authority only"))
    }
    let certificate = peer.certificate
    guard certificate.notValidAfter >= now else {
      return .refused(Self.refusal("the client certificate has expired"))
    }
    guard !revocations.contains(.init(certificate.serialNumber, of: issuer)) else {
      return .refused(Refusal(.certificateRevoked, rule: Self.rule))
    }
    if let newer = try await newerInUse(than: certificate) {
      var refusal = Refusal(.certificateSuperseded, rule: Self.rule)
      refusal.cause = "certificate \(certificate.serialNumber.hex) was used after \(newer.hex) had replaced it"
      return .refused(refusal)
    }
    let admission = Ledger.Admission(
      kind: .renewal, rule: Self.rule,
      claim: .renewal(of: certificate.serialNumber, issuer: issuer, isLatest: false), source: request.source)
    return .admitted(admission, bounds: .renewal(of: certificate))
  }

  /// A newer certificate of the same node that was seen in use. One that was never seen got lost on its way: then the
  /// node may ask again with what it has.
  private func newerInUse(than certificate: Certificate) async throws(LedgerError) -> SerialNumber? {
    guard let key = certificate.subject.node,
      let node = try await nodes.nodes(named: key.name).first(where: { $0.key == key }),
      node.latest.serial != certificate.serialNumber, let seen = node.lastSeen,
      seen.serial != certificate.serialNumber
    else { return nil }
    let issued = try await nodes.certificates(of: key, limit: 100)
    // The newest come first.
    let newer = issued.prefix { $0.serial != certificate.serialNumber }
    return newer.first { $0.serial == seen.serial && $0.profile == Self.profile(of: certificate) }?.serial
  }

  private static func profile(of certificate: Certificate) -> String? {
    NameBounds.renewal(of: certificate).unchanged?.profile?.rawValue
  }

  private static func refusal(_ reason: String) -> Refusal {
    Refusal(Problem(.forbidden, .forbidden, reason), rule: rule, cause: reason, kind: .renewal)
  }
}
