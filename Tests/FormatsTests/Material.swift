import Formats
import Foundation
import PKITestKit
import TLSRuntime
import X509

/// Keys and certificates that openssl made, for the formats to carry. Made once for a test run.
enum KeyKind: String, CaseIterable, Sendable {
  case p256, rsa2048, ed25519

  var generation: [String] {
    switch self {
    case .p256: ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    case .rsa2048: ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    case .ed25519: ["genpkey", "-algorithm", "ED25519"]
    }
  }
}

struct MissingMaterial: Error {}

/// A CA, and a leaf of each key kind under it.
struct Material: Sendable {
  struct Leaf: Sendable {
    var keyPEM: String
    var certificatePEM: String
    var certificate: [UInt8]

    /// PKCS#8 as we write it.
    var pkcs8: [UInt8] {
      get throws { try KeyCoding.pkcs8(try KeyCoding.decode(Array(keyPEM.utf8), passphrase: nil, legacy: nil)) }
    }
  }

  var caPEM: String
  var ca: [UInt8]
  var leaves: [KeyKind: Leaf]

  static let shared = Result { try Material() }

  static func leaf(_ kind: KeyKind) throws -> Leaf {
    guard let leaf = try shared.get().leaves[kind] else { throw MissingMaterial() }
    return leaf
  }
  static func ca() throws -> [UInt8] { try shared.get().ca }

  private init() throws {
    let folder = try TemporaryDirectory()
    try Tool.openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out",
      "ca.crt", "-days", "30", "-subj", "/CN=Formats CA", in: folder.url)
    caPEM = try String(contentsOf: folder.file("ca.crt"), encoding: .utf8)
    ca = try Self.der(caPEM)
    leaves = [:]
    for kind in KeyKind.allCases {
      let name = kind.rawValue
      try Tool.require("openssl", kind.generation + ["-out", "\(name).key"], in: folder.url)
      try Tool.openssl(
        "req", "-new", "-key", "\(name).key", "-subj", "/CN=\(name).example.org", "-out", "\(name).csr", in: folder.url)
      try Tool.openssl(
        "x509", "-req", "-in", "\(name).csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "10",
        "-out", "\(name).crt", in: folder.url)
      let certificatePEM = try String(contentsOf: folder.file("\(name).crt"), encoding: .utf8)
      leaves[kind] = Leaf(
        keyPEM: try String(contentsOf: folder.file("\(name).key"), encoding: .utf8), certificatePEM: certificatePEM,
        certificate: try Self.der(certificatePEM))
    }
  }

  private static func der(_ pem: String) throws -> [UInt8] {
    guard let block = try PEM.parse(Array(pem.utf8)).first else { throw MissingMaterial() }
    return block.der
  }
}

extension TemporaryDirectory {
  func write(_ name: String, _ bytes: some Sequence<UInt8>) throws { try Data(bytes).write(to: file(name)) }
  func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }
  func read(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: file(name))) }
}

let legacy = NIOSSLLegacyDecryption()

/// The same on every run, so that a failure comes again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

/// What a closure throws, if it is one of ours.
func formatError(_ body: () throws -> Void) -> FormatError? {
  do {
    try body()
    return nil
  } catch {
    return error as? FormatError
  }
}
