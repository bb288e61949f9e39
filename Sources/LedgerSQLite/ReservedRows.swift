import Credentials
import Ledger
import Synchronization
import X509

/// Where this process reserved what it has not committed yet, so that a commit needs no search.
///
/// A hint only: the statement that commits checks the row's state.
final class ReservedRows: Sendable {
  struct Place {
    var row: Int64
    var issuer: [UInt8]
    var requestedBy: String
  }

  /// Reservations that are never committed are few, and forgotten with all others.
  private static let most = 4096

  /// Serials that were taken together and not used yet.
  private let blocks = Mutex<[[UInt8]: Set<SerialNumber>]>([:])

  func insert(_ serials: [SerialNumber], of issuer: IssuerReference) {
    blocks.withLock { blocks in
      blocks[issuer.keyID, default: []].formUnion(serials)
      // What a supply gave up is forgotten sometime.
      if let known = blocks[issuer.keyID], known.count > 64 * SerialSupply.mostInBlock {
        blocks[issuer.keyID] = Set(serials)
      }
    }
  }

  /// - Returns: false for a serial that wasn't taken, or was used.
  func use(_ serial: SerialNumber, of issuer: IssuerReference) -> Bool {
    blocks.withLock { $0[issuer.keyID]?.remove(serial) != nil }
  }

  private let places = Mutex<[SerialNumber: Place]>([:])

  func insert(_ place: Place, for serial: SerialNumber) {
    places.withLock { places in
      if places.count >= Self.most { places.removeAll(keepingCapacity: true) }
      places[serial] = place
    }
  }

  func remove(_ serial: SerialNumber, of issuer: IssuerReference) -> Place? {
    places.withLock { places in
      guard let place = places[serial], place.issuer == issuer.keyID else { return nil }
      places[serial] = nil
      return place
    }
  }
}
