import Credentials
import Foundation

/// The one way in which the ledger writes JSON: keys sorted by their UTF-8 bytes, no white space, only the escapes that
/// JSON demands.
package enum CanonicalJSON {
  package static func encode(_ object: [String: String]) -> String {
    encode(members: object.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { ($0.key, $0.value) })
  }

  /// - Parameter members: in the order of their keys; those without a value are left out.
  static func encode(members: [(key: String, value: String?)]) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "{")]
    bytes.reserveCapacity(members.reduce(2) { $0 + $1.key.utf8.count + ($1.value?.utf8.count ?? 0) + 6 })
    for case (let key, let value?) in members {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      quote(key, into: &bytes)
      bytes.append(UInt8(ascii: ":"))
      quote(value, into: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
    return String(decoding: bytes, as: UTF8.self)
  }

  package static func encode(_ array: [String]) -> String {
    var bytes: [UInt8] = [UInt8(ascii: "[")]
    for text in array {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      quote(text, into: &bytes)
    }
    bytes.append(UInt8(ascii: "]"))
    return String(decoding: bytes, as: UTF8.self)
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

  private static func quote(_ text: String, into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "\""))
    let needsEscape = text.utf8.contains { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
    guard needsEscape else {
      bytes.append(contentsOf: text.utf8)
      return bytes.append(UInt8(ascii: "\""))
    }
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: bytes += Array("\\u00".utf8) + Array([byte].hexadecimal.utf8)
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }
}
