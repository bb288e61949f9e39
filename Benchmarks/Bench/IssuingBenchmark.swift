import Credentials
import Crypto
import Foundation
import X509

/// Issuing without a ledger, against the cryptography that no implementation of it can do without.
struct IssuingBenchmark {
  let sample: SampleAuthority

  init() throws { sample = try SampleAuthority() }

  /// Rounds of both, one after the other, so that a change of the machine's speed meets both.
  func run(rounds: Int, perRound: Int) throws -> Measurement {
    let message = try sample.issuer.certificate.derBytes()
    let signature = try sample.key.signature(for: message)
    var ratios: [Double] = []
    var wholes: [Double] = []
    var raws: [Double] = []
    for round in 0..<(rounds + 3) {
      let start = processCPU()
      for _ in 0..<perRound { try issueOne() }
      let middle = processCPU()
      for _ in 0..<perRound { try rawOperations(message, signature) }
      let end = processCPU()
      // The first rounds warm the caches.
      guard round >= 3 else { continue }
      ratios.append((middle - start) / (end - middle))
      wholes.append((middle - start) / Double(perRound) * 1e6)
      raws.append((end - middle) / Double(perRound) * 1e6)
    }
    var result = Measurement()
    result.add("issue_ratio", ratios.median)
    result.add("issue_microseconds", wholes.median)
    result.add("raw_microseconds", raws.median)
    return result
  }

  private func issueOne() throws {
    let authorized = try sample.authorize(sample.request)
    let issued = try sample.issuer.issue(authorized, serial: sample.serial(), at: sample.now)
    guard issued.der.count > 300 else { throw BenchError.unexpected("a certificate of \(issued.der.count) bytes") }
  }

  /// One verification for the request, one signature, one verification of the result.
  private func rawOperations(_ message: [UInt8], _ signature: P256.Signing.ECDSASignature) throws {
    guard sample.key.publicKey.isValidSignature(signature, for: message) else { throw BenchError.unexpected("verify") }
    let made = try sample.key.signature(for: message)
    guard sample.key.publicKey.isValidSignature(made, for: message) else { throw BenchError.unexpected("verify") }
  }
}

enum BenchError: Error {
  case unexpected(String)
}
