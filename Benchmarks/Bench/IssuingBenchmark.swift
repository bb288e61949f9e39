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
    let decoding = try decodingTime(signature, count: rounds * perRound / 10)
    var result = Measurement()
    result.add("issue_ratio_from_bytes", wholes.median / (raws.median + 2 * decoding))
    result.add("issue_ratio", ratios.median)
    result.add("issue_microseconds", wholes.median)
    result.add("raw_microseconds", raws.median)
    return result
  }

  /// Microseconds to decode a public key and a signature, as each verification of something that arrives has to.
  private func decodingTime(_ signature: P256.Signing.ECDSASignature, count: Int) throws -> Double {
    let point = sample.nodeKey.publicKey.x963Representation
    let der = signature.derRepresentation
    let start = processCPU()
    for _ in 0..<count {
      _ = try P256.Signing.PublicKey(x963Representation: point)
      _ = try P256.Signing.ECDSASignature(derRepresentation: der)
    }
    return (processCPU() - start) / Double(count) * 1e6
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
