import Credentials
import Foundation
import Ledger

/// Places in lists, as text that clients hand back unread.
enum Cursor {
  static func text(_ key: NodeRecord.Key) -> String {
    encode(["n", key.name] + (key.organization.map { [$0] } ?? []))
  }

  static func text(_ place: CatalogCursor) -> String { encode(["c", "\(place.notAfter.unixSeconds)", "\(place.row)"]) }

  static func node(_ text: String) throws -> NodeRecord.Key {
    let parts = try decode(text)
    guard parts.first == "n", (2...3).contains(parts.count) else { throw unknown }
    return NodeRecord.Key(name: parts[1], organization: parts.count == 3 ? parts[2] : nil)
  }

  static func certificate(_ text: String) throws -> CatalogCursor {
    let parts = try decode(text)
    guard parts.count == 3, parts[0] == "c", let time = Int64(parts[1]), let row = Int64(parts[2]) else {
      throw unknown
    }
    return CatalogCursor(notAfter: Date(unixSeconds: time), row: row)
  }

  private static let unknown = AdministrationError.invalid(
    field: "after", reason: "it isn't a place in this list: hand back what `next` said")

  private static func encode(_ parts: [String]) -> String {
    Data(CanonicalJSON.encode(parts).utf8).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }

  private static func decode(_ text: String) throws -> [String] {
    guard text.utf8.count <= 1024 else { throw unknown }
    var padded = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    padded += String(repeating: "=", count: (4 - padded.count % 4) % 4)
    guard let bytes = Data(base64Encoded: padded), let json = String(validating: bytes, as: UTF8.self),
      let parts = CanonicalJSON.decodeArray(json)
    else { throw unknown }
    return parts
  }
}
