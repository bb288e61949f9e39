import Formats

/// A name and a secret from an Authorization header (RFC 7617 §2). Prints without the secret.
package struct BasicCredentials: Sendable, CustomStringConvertible, CustomReflectable {
  package let user: String
  package let password: [UInt8]

  /// The most characters of the header's value that are read.
  package static let longest = 1024

  package init(user: String, password: [UInt8]) {
    self.user = user
    self.password = password
  }

  /// Reads `Basic BASE64`; nil for another scheme, or what isn't one.
  package init?(authorization value: String) {
    let text = Array(value.utf8.prefix(Self.longest + 1))
    guard text.count <= Self.longest, let space = text.firstIndex(of: UInt8(ascii: " ")),
      String(decoding: text[..<space], as: UTF8.self).lowercased() == "basic"
    else { return nil }
    let token = text[space...].drop { $0 == UInt8(ascii: " ") }
    guard !token.isEmpty, !token.contains(where: Self.isWhiteSpace), let bytes = try? Base64.decode(token),
      let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      let user = String(validating: bytes[..<colon], as: UTF8.self),
      !user.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f })
    else { return nil }
    self.init(user: user, password: Array(bytes[(colon + 1)...]))
  }

  private static func isWhiteSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

  package var description: String { "\(user):<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}
