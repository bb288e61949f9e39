import Credentials
import Foundation

/// The one way in which the ledger writes JSON: keys sorted by their UTF-8 bytes, no white space, only the escapes that
/// JSON demands.
package enum CanonicalJSON {
  package static func encode(_ object: [String: String]) -> String {
    let members = object.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return "{" + members.map { quote($0.key) + ":" + quote($0.value) }.joined(separator: ",") + "}"
  }

  package static func encode(_ array: [String]) -> String {
    "[" + array.map(quote).joined(separator: ",") + "]"
  }

  /// Nil for anything but an object of strings.
  package static func decodeObject(_ text: String) -> [String: String]? {
    if text == "{}" { return [:] }
    return try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))
  }

  /// Nil for anything but an array of strings.
  package static func decodeArray(_ text: String) -> [String]? {
    if text == "[]" { return [] }
    return try? JSONDecoder().decode([String].self, from: Data(text.utf8))
  }

  private static func quote(_ text: String) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "\"")]
    bytes.reserveCapacity(text.utf8.count + 2)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += Array("\\u00".utf8) + Array([byte].hexadecimal.utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
    return String(decoding: bytes, as: UTF8.self)
  }
}
