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
    var node: NodeRecord.Key
    var sighting: NodeRecord.Sighting
    /// Of its certificate.
    var notBefore: Date
  }

  private let latest = Mutex<[SerialNumber: Noted]>([:])

  package init() {}

  /// Notes a node that proved itself with a certificate of our own.
  package func note(_ peer: PeerIdentity, from source: String, at now: Date) {
    guard case .own = peer.origin else { return }
    let serial = peer.certificate.serialNumber
    latest.withLock { latest in
      // One who goes on asking: its name needn't be read again.
      if latest[serial] != nil {
        latest[serial]?.sighting.at = now
        return
      }
      guard latest.count < Self.mostNodes, let name = peer.certificate.subject.commonName else { return }
      latest[serial] = Noted(
        node: NodeRecord.Key(name: name, organization: peer.certificate.subject.organization),
        sighting: NodeRecord.Sighting(serial: serial, at: now, source: source),
        notBefore: peer.certificate.notValidBefore)
    }
  }

  /// Takes what was noted: of each node, the newest of its certificates. One that was replaced and is still used, as by
  /// a copied node, doesn't hide its successor.
  func drain() -> [NodeRecord.Key: NodeRecord.Sighting] {
    let noted = latest.withLock { latest in
      defer { latest = [:] }
      return latest
    }
    return Dictionary(noted.values.map { ($0.node, $0) }) { $0.notBefore > $1.notBefore ? $0 : $1 }
      .mapValues(\.sighting)
  }

  /// Puts back what could not be written, unless something newer was noted meanwhile.
  func restore(_ sightings: [NodeRecord.Key: NodeRecord.Sighting]) {
    latest.withLock { latest in
      for (node, sighting) in sightings where latest[sighting.serial] == nil {
        latest[sighting.serial] = Noted(node: node, sighting: sighting, notBefore: .distantPast)
      }
    }
  }
}
