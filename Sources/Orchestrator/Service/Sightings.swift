import Credentials
package import Foundation
import Ledger
import Synchronization
import X509

/// Which nodes proved themselves with which certificate, since it was last written down. Bounded; what is lost when the
/// process ends is no more than a moment of "last seen".
package final class Sightings: Sendable {
  private static let mostNodes = 100_000

  private struct Noted {
    var sighting: NodeRecord.Sighting
    /// Of its certificate.
    var notBefore: Date
  }

  private let latest = Mutex<[NodeRecord.Key: Noted]>([:])

  package init() {}

  /// Notes a node that proved itself with a certificate of our own. One that was replaced doesn't hide its successor:
  /// that both are used is how a copied node shows itself.
  package func note(_ peer: PeerIdentity, from source: String, at now: Date) {
    guard case .own = peer.origin, let name = peer.certificate.subject.commonName else { return }
    let key = NodeRecord.Key(name: name, organization: peer.certificate.subject.organization)
    let sighting = NodeRecord.Sighting(serial: peer.certificate.serialNumber, at: now, source: source)
    let noted = Noted(sighting: sighting, notBefore: peer.certificate.notValidBefore)
    latest.withLock { latest in
      guard let known = latest[key] else {
        if latest.count < Self.mostNodes { latest[key] = noted }
        return
      }
      if known.notBefore <= noted.notBefore { latest[key] = noted }
    }
  }

  /// Takes what was noted.
  func drain() -> [NodeRecord.Key: NodeRecord.Sighting] {
    latest.withLock { latest in
      defer { latest = [:] }
      return latest.mapValues(\.sighting)
    }
  }

  /// Puts back what could not be written, unless something newer was noted meanwhile.
  func restore(_ sightings: [NodeRecord.Key: NodeRecord.Sighting]) {
    latest.withLock { latest in
      latest.merge(sightings.mapValues { Noted(sighting: $0, notBefore: .distantPast) }) { newer, _ in newer }
    }
  }
}
