import Foundation
import Synchronization

/// The Date field of responses (RFC 9110 §6.6.1), written once a second.
final class ResponseDate: Sendable {
  private let latest = Mutex((second: Int.min, text: ""))

  func text(at now: Date) -> String {
    let second = Int(now.timeIntervalSince1970.rounded(.down))
    return latest.withLock { latest in
      if latest.second != second { latest = (second, httpDate(now)) }
      return latest.text
    }
  }
}
