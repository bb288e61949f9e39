import Crypto

/// What is to be computed for one attempt with a password: as much for a name that nobody has as for one that is there,
/// so that the time says nothing about which names exist.
package struct PasswordTrial: Hashable, Sendable {
  private let name: String
  private let password: [UInt8]
  private let stored: ScryptHash
  private let isKnown: Bool

  /// - Parameter decoySeed: random, the same as long as the process lives. It chooses whose parameters an unknown name
  ///   is checked with, so that a file of different parameters gives nothing away either.
  package init(name: String, password: [UInt8], among entries: [String: ScryptHash], decoySeed: [UInt8]) {
    self.name = name
    self.password = Array(password.prefix(Self.longestPassword))
    let known = password.count <= Self.longestPassword ? entries[name] : nil
    isKnown = known != nil
    stored = known ?? Self.decoy(name, entries, decoySeed)
  }

  package static let longestPassword = 1024

  /// What it will cost to run.
  package var cost: ScryptHash.Cost { stored.cost }

  /// Runs scrypt once, whoever asks. Keep it away from event loops.
  /// - Throws: ``PasswordFileError/scryptFailed``.
  package func isRight() throws(PasswordFileError) -> Bool {
    let matches = try stored.matches(password)
    return matches && isKnown
  }

  private static func decoy(_ name: String, _ entries: [String: ScryptHash], _ seed: [UInt8]) -> ScryptHash {
    let digest = Array(SHA256.hash(data: seed + Array(name.utf8)))
    var costs: [ScryptHash.Cost] = []
    for entry in entries.values where !costs.contains(entry.cost) { costs.append(entry.cost) }
    costs.sort { ($0.memory ?? 0, $0.parallelism) < ($1.memory ?? 0, $1.parallelism) }
    let cost = costs.isEmpty ? .standard : costs[Int(digest[0]) % costs.count]
    return ScryptHash(cost: cost, salt: Array(digest.prefix(16)), hash: digest)
  }
}

extension PasswordTrial: CustomStringConvertible {
  package var description: String { "password trial for \(name)" }
}
