package import Credentials
import Crypto

/// What an operator compares before a waiting request is approved: 60 bits of SHA-256(root's DER ‖ request's
/// SubjectPublicKeyInfo). The node computes it from the root that it trusts and its own key; the orchestrator from its
/// root and the key that arrived. They are the same only if nobody stands between them.
package struct PairingCode: Hashable, Sendable, CustomStringConvertible {
  /// 12 characters of base32.
  package let characters: String

  /// - Parameters:
  ///   - root: DER.
  ///   - keyInfo: SubjectPublicKeyInfo, DER.
  package init(root: [UInt8], keyInfo: [UInt8]) {
    characters = String(Base32.encode(SHA256.hash(data: root + keyInfo)).prefix(12))
  }

  package init(root: [UInt8], request: VerifiedRequest) {
    self.init(root: root, keyInfo: request.keyInfo)
  }

  /// In groups of four: `ABCD-EFGH-IJKL`.
  package var description: String {
    stride(from: 0, to: 12, by: 4).map { String(characters.dropFirst($0).prefix(4)) }.joined(separator: "-")
  }

  /// Whether what an operator typed is the code that was written down: case, hyphens and spaces don't count.
  package static func matches(_ typed: String, _ code: String) -> Bool {
    let typed = plain(typed)
    let code = plain(code)
    guard typed.count == code.count, !code.isEmpty else { return false }
    return zip(typed, code).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func plain(_ text: String) -> [UInt8] {
    text.uppercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: " ") }
  }
}
