import Crypto
package import Foundation

/// Java key stores in the format that Java wrote before version 9 and reads still (`keytool -storetype JKS`).
///
/// Its protection is SHA-1 and a XOR of it: written because consumers ask for it, never as a place for the only copy
/// of a key.
package enum JKS {
  /// Larger inputs are refused.
  package static let sizeLimit = 16 << 20

  /// Reads keys with their chains, and trusted certificates.
  /// - Parameter keyPassword: where keys have another password than the store.
  /// - Throws: `.wrongPassphrase` (a damaged file looks the same), `.malformed`, `.unsupported` (JCEKS, a key of
  ///   another provider), `.tooLarge`.
  package static func decode(
    _ bytes: [UInt8], password: String, keyPassword: String? = nil
  ) throws(FormatError) -> KeyStore {
    guard bytes.count <= sizeLimit else { throw .tooLarge(what: "the size in bytes of a JKS file", limit: sizeLimit) }
    let (sealed, contents, digest) = try JKSReader.read(bytes)
    guard JKSProtection.isValid(digest: digest, of: contents, password: password) else { throw .wrongPassphrase }
    var store = KeyStore()
    for entry in sealed {
      store.entries.append(try entry.opened(password: keyPassword ?? password))
    }
    return store
  }

  /// Reads the certificates of a store whose password isn't known; keys stay closed and are left empty.
  ///
  /// For looking only. Anybody could have put anything into such a file.
  /// - Throws: `.malformed`, `.unsupported`, `.tooLarge`.
  package static func insecureDecodeWithoutPassword(_ bytes: [UInt8]) throws(FormatError) -> KeyStore {
    guard bytes.count <= sizeLimit else { throw .tooLarge(what: "the size in bytes of a JKS file", limit: sizeLimit) }
    return KeyStore(entries: try JKSReader.read(bytes).entries.map { $0.closed() })
  }

  /// Whether these bytes start as a JKS file does.
  package static func isLikely(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// Writes version 2, as keytool does. Aliases become lower case, because Java looks for nothing else.
  /// - Parameters:
  ///   - now: the date of entries that have none.
  ///   - randomness: for the salts of keys, a cryptographic generator.
  /// - Throws: `.passphraseNeeded` for a password of fewer than six characters, which keytool would refuse;
  ///   `.malformed` for two entries with one alias and for entries that are not certificates and keys.
  package static func encode(
    _ store: KeyStore, password: String, now: Date, randomness: inout some RandomNumberGenerator
  ) throws(FormatError) -> [UInt8] {
    guard password.utf16.count >= 6 else { throw .unsupported("a JKS password of fewer than six characters") }
    var writer = JKSWriter(entryCount: store.entries.count)
    for entry in store.entries {
      try writer.add(entry, password: password, now: now, salt: randomness.bytes(JKSProtection.saltLength))
    }
    return writer.bytes + JKSProtection.digest(of: writer.bytes, password: password)
  }

  static let magic: [UInt8] = [0xfe, 0xed, 0xfe, 0xed]
}
