/// How much password stretching one file may make us do, so that a hostile iteration count can't stall the process.
struct WorkLimit {
  /// For a single derivation. The strictest real settings are about a million.
  static let iterationsAtOnce = 10_000_000
  /// For all the derivations of one file together.
  private var remaining = 20_000_000

  mutating func spend(iterations: Int) throws(FormatError) {
    guard iterations >= 1 else {
      throw .malformed(format: "password-based encryption", reason: "the iteration count is not positive")
    }
    guard iterations <= Self.iterationsAtOnce, iterations <= remaining else {
      throw .tooLarge(what: "the iteration count of a password-based encryption", limit: Self.iterationsAtOnce)
    }
    remaining -= iterations
  }
}
