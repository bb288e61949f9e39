import Credentials
import Crypto

/// A random secret and the ID that it is looked up by: of an invitation, or of a token for the administration
/// interface. Prints without the secret.
package struct TokenSecret: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
  /// 16 lower-case hexadecimal digits; no secret.
  package let id: String
  /// `countersign_` and 32 characters of base32 in lower case: 160 random bits.
  package let text: String

  /// By which programs that look for leaked secrets recognise one.
  package static let prefix = "countersign_"
  /// How many random bytes one is made of.
  package static let randomBytes = 28

  /// - Parameter random: ``randomBytes`` bytes of the system's randomness; nil for another number.
  package init?(random: [UInt8]) {
    guard random.count == Self.randomBytes else { return nil }
    id = random.prefix(8).hexadecimal
    text = Self.prefix + Base32.encode(random.dropFirst(8)).lowercased()
  }

  package init(using generator: inout some RandomNumberGenerator) {
    var random: [UInt8] = []
    for _ in 0..<4 { withUnsafeBytes(of: generator.next()) { random += $0 } }
    id = random.prefix(8).hexadecimal
    text = Self.prefix + Base32.encode(random[8..<28]).lowercased()
  }

  /// Reads the parts of one; nil where they can't be.
  package init?(id: String, text: String) {
    guard Self.isID(id), text.hasPrefix(Self.prefix), text.utf8.count == Self.prefix.utf8.count + 32,
      text.utf8.dropFirst(Self.prefix.utf8.count).allSatisfy({
        (0x61...0x7a).contains($0) || (0x32...0x37).contains($0)
      })
    else { return nil }
    self.id = id
    self.text = text
  }

  package static func isID(_ text: String) -> Bool {
    text.utf8.count == 16 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }

  /// SHA-256 of ``text``: all that is stored.
  package var hash: [UInt8] { Array(SHA256.hash(data: Array(text.utf8))) }

  /// Whether a secret that was sent is the one with this hash, in constant time. Without a hash it takes as long.
  package static func matches(_ sent: [UInt8], hash: [UInt8]?) -> Bool {
    let isEqual = SHA256.hash(data: sent) == (hash ?? [UInt8](repeating: 0, count: SHA256.byteCount))
    return isEqual && hash != nil
  }

  package var description: String { "\(id):<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: ["id": id]) }
}
