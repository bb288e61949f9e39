import Crypto
import CryptoExtras
import Formats

/// The derivation that a passphrase costs at each start of a process that signs.
enum PassphraseBenchmark {
  static func run(rounds: Int) throws -> Measurement {
    var times: [Double] = []
    for _ in 0..<rounds {
      let start = wallClock()
      let key = try KDF.Insecure.PBKDF2.deriveKey(
        from: Array("correct horse battery staple".utf8), salt: [UInt8](repeating: 1, count: 16), using: .sha256,
        outputByteCount: 32, rounds: EncryptedPKCS8.Parameters.defaultIterations)
      times.append((wallClock() - start) * 1e3)
      guard key.bitCount == 256 else { throw BenchError.unexpected("a key of \(key.bitCount) bits") }
    }
    var result = Measurement()
    result.add("pbkdf2_milliseconds", times.median)
    return result
  }
}
