import Credentials
import Foundation
import X509

/// All that a TLS context is made of, as bytes: where nothing of it has changed, the context stays, and its tickets.
struct TLSRecipe: Hashable, Sendable {
  var credential: RouterCredential?
  var trust: [[UInt8]]
  var lists: [[UInt8]]
  /// Since when revocation lists are wanted of which none has come; nil where there is one, or none is wanted.
  var listsMissingSince: Date?
  var revocation: RevocationSource?
  var settings: TLSSettings
  var applicationProtocols: [String]

  /// - Parameter purpose: what the peer is; nil where it isn't asked for a certificate.
  func context(_ role: TLSContext.Role, purpose: Purpose?, name: ReferenceName? = nil) throws(TLSSetupError)
    -> TLSContext
  {
    var trust: PeerTrust?
    if let purpose {
      let revocations = revocation.map { source in
        Revocations(
          lists: lists.compactMap { try? CertificateRevocationList(der: $0) }, staleAfter: source.staleAfter,
          whenStale: source.whenStale, wantedSince: listsMissingSince ?? .distantPast)
      }
      trust = PeerTrust(
        anchors: self.trust.map(CertificateInput.init(der:)), purpose: purpose, name: name, revocation: revocations)
    }
    return try TLSContext(
      .init(
        role: role, credential: credential, trust: trust, settings: settings, applicationProtocols: applicationProtocols
      ))
  }
}
