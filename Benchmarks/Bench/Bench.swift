import Foundation

/// Measures inside one process what scripts/bench can't see from outside. Prints `name value` lines.
///
///     Bench issue                        CPU of issuing, against raw verifies and a raw signature
///     Bench ledger FOLDER COUNT          certificates a second with a ledger in FOLDER
///     Bench pbkdf2                       what it costs to open a stored CA key
///     Bench populate HOME COUNT          fills the ledger of an existing home
///     Bench populate HOME COUNT REVOKED ISSUER-NUMBER
@main struct Bench {
  static func main() async throws {
    let arguments = CommandLine.arguments.dropFirst()
    switch (arguments.first, Array(arguments.dropFirst())) {
    case ("issue", _):
      try IssuingBenchmark().run(rounds: 41, perRound: 100).print()
    case ("pbkdf2", _):
      try PassphraseBenchmark.run(rounds: 15).print()
    case ("ledger", let rest) where rest.count == 2:
      try await LedgerBenchmark(folder: rest[0]).run(count: Int(rest[1]) ?? 20_000).print()
    case ("populate", let rest) where rest.count == 2:
      let count = Int(rest[1]) ?? 100_000
      try await LedgerPopulation(home: rest[0]).run(count: count, revoked: count / 100)
    case ("populate", let rest) where rest.count == 4:
      try await LedgerPopulation(home: rest[0], issuer: Int(rest[3]))
        .run(count: Int(rest[1]) ?? 100_000, revoked: Int(rest[2]) ?? 20_000)
    default:
      FileHandle.standardError.write(
        Data("usage: Bench issue | pbkdf2 | ledger FOLDER COUNT | populate HOME COUNT [REVOKED ISSUER-NUMBER]\n".utf8))
      exit(2)
    }
  }
}
