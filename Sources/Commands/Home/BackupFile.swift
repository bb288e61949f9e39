import Credentials
import Crypto
import CryptoExtras
import Foundation

/// One encrypted file that holds an authority: a header in the clear, then named files sealed with AES-256-GCM under
/// a key that scrypt (RFC 7914) makes of the passphrase.
///
///     countersign-backup v1 scrypt N r p SALT\n   then   nonce ‖ ciphertext ‖ tag
///
/// Inside, per file: name length (2 octets), name, size (8 octets), bytes; the header is authenticated with it.
struct BackupFile {
  struct Entry {
    var name: String
    var bytes: [UInt8]
  }

  static let sizeLimit = 4 << 30
  private static let mark = "countersign-backup v1"
  /// Some 100 ms and 128 MiB: a backup travels, so guessing its passphrase must cost more than guessing on the machine.
  private static let rounds = 1 << 17

  var entries: [Entry]

  init(entries: [Entry]) { self.entries = entries }

  func seal(passphrase: String, using random: inout some RandomNumberGenerator) throws -> [UInt8] {
    let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    let header = Array("\(Self.mark) scrypt \(Self.rounds) 8 1 \(salt.hexadecimal)\n".utf8)
    var plain: [UInt8] = []
    for entry in entries {
      let name = Array(entry.name.utf8)
      plain += UInt16(name.count).bigEndianBytes + name + UInt64(entry.bytes.count).bigEndianBytes + entry.bytes
    }
    let key = try Self.key(passphrase, salt: salt, rounds: Self.rounds)
    let box = try AES.GCM.seal(plain, using: key, authenticating: header)
    guard let combined = box.combined else { throw CommandError.environment("the backup could not be encrypted") }
    return header + combined
  }

  /// - Throws: a ``CommandError``: not a backup, or a wrong passphrase (exit 2).
  init(sealed: [UInt8], passphrase: () throws -> String) throws {
    guard let end = sealed.prefix(256).firstIndex(of: UInt8(ascii: "\n")) else { throw Self.foreign }
    let words = String(decoding: sealed[..<end], as: UTF8.self).split(separator: " ")
    guard words.count == 7, words[0...1].joined(separator: " ") == Self.mark, words[2] == "scrypt",
      let rounds = Int(words[3]), (2...(1 << 20)).contains(rounds), rounds.nonzeroBitCount == 1, words[4] == "8",
      words[5] == "1",
      let salt = Hexadecimal.decode(words[6])
    else { throw Self.foreign }
    let key = try Self.key(try passphrase(), salt: salt, rounds: rounds)
    let plain: [UInt8]
    do {
      let box = try AES.GCM.SealedBox(combined: sealed[(end + 1)...])
      plain = Array(try AES.GCM.open(box, using: key, authenticating: sealed[...end]))
    } catch {
      throw CommandError.usage(
        "the backup can't be opened: the passphrase is wrong, or the file is damaged",
        hint: "use the passphrase that the backup was made with")
    }
    entries = try Self.parse(plain)
  }

  private static var foreign: CommandError {
    .usage("this is not a backup of an authority", hint: "`countersign ca backup -o FILE` makes one")
  }

  private static func parse(_ plain: [UInt8]) throws -> [Entry] {
    var entries: [Entry] = []
    var rest = plain[...]
    func take(_ count: Int) throws -> ArraySlice<UInt8> {
      guard count >= 0, rest.count >= count else { throw foreign }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    while !rest.isEmpty {
      let nameLength = try take(2).reduce(0) { $0 << 8 | Int($1) }
      let name = String(decoding: try take(nameLength), as: UTF8.self)
      guard let size = Int(exactly: try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }) else { throw foreign }
      guard isExpected(name) else { throw foreign }
      entries.append(Entry(name: name, bytes: Array(try take(size))))
    }
    return entries
  }

  /// Only the names that a home has: nothing in a backup may point elsewhere.
  private static func isExpected(_ name: String) -> Bool {
    if name == "ledger.db" || name == "config.yaml" { return true }
    guard name.hasPrefix("authority/issuer-") else { return false }
    let rest = name.dropFirst("authority/issuer-".count)
    return (rest.hasSuffix(".crt") || rest.hasSuffix(".key")) && !rest.dropLast(4).isEmpty
      && rest.dropLast(4).allSatisfy { ("0"..."9").contains($0) }
  }

  private static func key(_ passphrase: String, salt: [UInt8], rounds: Int) throws -> SymmetricKey {
    try KDF.Scrypt.deriveKey(
      from: Array(passphrase.utf8), salt: salt, outputByteCount: 32, rounds: rounds, blockSize: 8, parallelism: 1,
      maxMemory: 1 << 30)
  }
}

extension FixedWidthInteger {
  fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
