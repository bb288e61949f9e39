package import HTTPTypes
package import Hummingbird
import Logging

/// The ID under which the log has a request, the client's own where it sent a usable one.
package enum RequestIdentifier {
  /// Where Hummingbird keeps it in a logger's metadata.
  package static let metadataKey = "hb.request.id"

  /// Whether a client's ID may stand in our log: short, and of characters that mean nothing anywhere.
  package static func isUsable(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

extension RequestContext {
  /// Hummingbird's own `id` traps on a logger that keeps no metadata.
  package var requestID: String { logger[metadataKey: RequestIdentifier.metadataKey]?.description ?? "unknown" }
}

extension HTTPField.Name {
  /// Not registered, and understood by most proxies.
  package static let requestID = HTTPField.Name("X-Request-Id") ?? .from
}
