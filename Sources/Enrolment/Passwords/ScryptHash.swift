import Crypto
import CryptoExtras
import Formats

/// A password as it is stored: scrypt (RFC 7914) in the form of the PHC string format,
/// `$scrypt$ln=15,r=8,p=1$SALT$HASH`, salt and hash in base64 without padding.
package struct ScryptHash: Hashable, Sendable {
  package var cost: Cost
  package var salt: [UInt8]
  package var hash: [UInt8]

  package struct Cost: Hashable, Sendable {
    /// N is two to the power of this.
    package var logRounds: Int
    /// r
    package var blockSize: Int
    /// p
    package var parallelism: Int

    /// 2^15, 8, 1: 32 MiB and a tenth of a second.
    package static let standard = Cost(logRounds: 15, blockSize: 8, parallelism: 1)

    package init(logRounds: Int, blockSize: Int, parallelism: Int) {
      self.logRounds = logRounds
      self.blockSize = blockSize
      self.parallelism = parallelism
    }
  }

  package init(cost: Cost, salt: [UInt8], hash: [UInt8]) {
    self.cost = cost
    self.salt = salt
    self.hash = hash
  }

  /// Makes the hash of a new password. Takes as long as checking it.
  /// - Parameter salt: 16 random bytes.
  /// - Throws: ``PasswordFileError/scryptFailed``.
  package init(password: [UInt8], salt: [UInt8], cost: Cost = .standard) throws(PasswordFileError) {
    let key = try Self.derive(password, salt, cost, length: 32)
    self.init(cost: cost, salt: salt, hash: key.withUnsafeBytes { Array($0) })
  }

  /// Whether this is the password, in a time that doesn't depend on it.
  /// - Throws: ``PasswordFileError/scryptFailed``.
  package func matches(_ password: [UInt8]) throws(PasswordFileError) -> Bool {
    // Comparing symmetric keys takes the same time wherever they differ.
    try Self.derive(password, salt, cost, length: hash.count) == SymmetricKey(data: hash)
  }

  private static func derive(
    _ password: [UInt8], _ salt: [UInt8], _ cost: Cost, length: Int
  ) throws(PasswordFileError) -> SymmetricKey {
    guard cost.memory != nil else { throw .scryptFailed }
    do {
      // HMAC pads its key with zeros, so that no byte and one zero byte give the same key, and the library underneath
      // can't take a password without bytes.
      return try KDF.Scrypt.deriveKey(
        from: password.isEmpty ? [0] : password, salt: salt, outputByteCount: length, rounds: 1 << cost.logRounds,
        blockSize: cost.blockSize, parallelism: cost.parallelism)
    } catch {
      throw .scryptFailed
    }
  }
}

extension ScryptHash.Cost {
  /// Bytes; nil beyond all limits.
  var memory: Int? {
    guard (1...24).contains(logRounds), (1...64).contains(blockSize), (1...16).contains(parallelism) else { return nil }
    return 128 * blockSize * (1 << logRounds + parallelism)
  }

  /// What is wrong with it, in words. Too little is quickly guessed once the file is stolen; too much is a way to keep
  /// the orchestrator busy.
  var problem: String? {
    guard let memory else { return "its parameters are out of range" }
    if logRounds < 14 || blockSize < 8 { return "it is too weak: at least ln=14,r=8 is needed" }
    if memory > 160 << 20 || parallelism > 4 { return "it costs too much: at most ln=17,r=8,p=4 is allowed" }
    return nil
  }
}

extension ScryptHash: CustomStringConvertible {
  /// The PHC string. Not a password, but good for guessing: it belongs into the password file only.
  package var phc: String {
    "$scrypt$ln=\(cost.logRounds),r=\(cost.blockSize),p=\(cost.parallelism)$\(Self.base64(salt))$\(Self.base64(hash))"
  }

  package var description: String { "scrypt hash" }

  /// - Throws: ``PasswordFileError/malformedHash(_:)``.
  package init(phc text: some StringProtocol) throws(PasswordFileError) {
    guard text.utf8.count <= 256 else { throw .malformedHash("it is longer than 256 characters") }
    let parts = text.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty else { throw .malformedHash("it is not $scrypt$PARAMETERS$SALT$HASH") }
    guard parts[1] == "scrypt" else { throw .malformedHash("its function is not scrypt") }
    cost = try Self.cost(parts[2])
    if let problem = cost.problem { throw .malformedHash(problem) }
    salt = try Self.decode(parts[3], what: "salt", sizes: 8...64)
    hash = try Self.decode(parts[4], what: "hash", sizes: 16...64)
  }

  private static func cost(_ text: some StringProtocol) throws(PasswordFileError) -> Cost {
    var values: [Int] = []
    let fields = text.split(separator: ",", omittingEmptySubsequences: false)
    for (field, name) in zip(fields, ["ln=", "r=", "p="]) {
      let digits = field.dropFirst(name.count)
      guard field.hasPrefix(name), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), digits.utf8.count <= 4,
        let value = Int(digits)
      else { break }
      values.append(value)
    }
    guard values.count == 3, fields.count == 3 else { throw .malformedHash("its parameters are not ln=N,r=N,p=N") }
    return Cost(logRounds: values[0], blockSize: values[1], parallelism: values[2])
  }

  private static func decode(
    _ text: some StringProtocol, what: String, sizes: ClosedRange<Int>
  ) throws(PasswordFileError) -> [UInt8] {
    let characters = Array(text.utf8)
    let padded = characters + [UInt8](repeating: UInt8(ascii: "="), count: (4 - characters.count % 4) % 4)
    guard !characters.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "=") }),
      let bytes = try? Base64.decode(padded[...]), base64(bytes).utf8.elementsEqual(characters)
    else { throw .malformedHash("its \(what) is not base64 without padding") }
    guard sizes.contains(bytes.count) else { throw .malformedHash("its \(what) has \(bytes.count) bytes") }
    return bytes
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    String(decoding: Base64.encode(bytes).prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
  }
}
