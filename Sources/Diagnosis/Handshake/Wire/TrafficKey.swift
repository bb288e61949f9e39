import Crypto
import Foundation

/// The key that protects one direction of a TLS 1.3 connection for a while (RFC 8446 §7.3), opening records in order.
struct TrafficKey {
  private let key: SymmetricKey
  private let iv: [UInt8]
  private let cipherSuite: TLSCipherSuite
  private var sequence: UInt64 = 0

  /// Derives key and IV from a traffic secret; nil for a cipher suite that is not one of TLS 1.3's three usual ones,
  /// or for a secret of the wrong length.
  init?(secret: [UInt8], cipherSuite: TLSCipherSuite) {
    let keyLength: Int
    switch (cipherSuite, secret.count) {
    case (.aes128GCM, 32): keyLength = 16
    case (.aes256GCM, 48), (.chaCha20Poly1305, 32): keyLength = 32
    default: return nil
    }
    let usesSHA384 = cipherSuite == .aes256GCM
    func derive(_ label: String, _ length: Int) -> SymmetricKey {
      let info = Self.label(label, length: length)
      return usesSHA384
        ? HKDF<SHA384>.expand(pseudoRandomKey: secret, info: info, outputByteCount: length)
        : HKDF<SHA256>.expand(pseudoRandomKey: secret, info: info, outputByteCount: length)
    }
    key = derive("key", keyLength)
    iv = derive("iv", 12).withUnsafeBytes { Array($0) }
    self.cipherSuite = cipherSuite
  }

  /// Opens the next record and returns its content type and content without padding (RFC 8446 §5.2), or nil.
  mutating func open(header: ArraySlice<UInt8>, payload: ArraySlice<UInt8>) -> (
    type: UInt8, content: ArraySlice<UInt8>
  )? {
    guard payload.count > 16, sequence < UInt64.max else { return nil }
    let plaintext: Data?
    let ciphertext = payload.dropLast(16)
    let tag = payload.suffix(16)
    let nonce = nextNonce()
    if cipherSuite == .chaCha20Poly1305 {
      plaintext = try? ChaChaPoly.open(
        .init(nonce: .init(data: nonce), ciphertext: ciphertext, tag: tag), using: key, authenticating: header)
    } else {
      plaintext = try? AES.GCM.open(
        .init(nonce: .init(data: nonce), ciphertext: ciphertext, tag: tag), using: key, authenticating: header)
    }
    guard let plaintext else { return nil }
    let bytes = [UInt8](plaintext)
    guard let last = bytes.lastIndex(where: { $0 != 0 }) else { return nil }
    return (bytes[last], bytes[..<last])
  }

  /// The IV with the record's sequence number XORed into its last eight bytes (RFC 8446 §5.3).
  private mutating func nextNonce() -> [UInt8] {
    defer { sequence += 1 }
    let counter = [UInt8](repeating: 0, count: 4) + withUnsafeBytes(of: sequence.bigEndian) { Array($0) }
    return zip(iv, counter).map { $0 ^ $1 }
  }

  /// HkdfLabel with an empty context (RFC 8446 §7.1).
  private static func label(_ label: String, length: Int) -> [UInt8] {
    let name = [UInt8](("tls13 " + label).utf8)
    return [
      UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), UInt8(truncatingIfNeeded: name.count),
    ]
      + name + [0]
  }
}
