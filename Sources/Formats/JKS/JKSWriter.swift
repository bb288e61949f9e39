import Foundation
import SwiftASN1

/// Puts a JKS file of version 2 together; ``JKSReader`` quotes the layout.
struct JKSWriter {
  private(set) var bytes: [UInt8]
  private var aliases: Set<String> = []

  init(entryCount: Int) {
    bytes = JKS.magic
    append(2, size: 4)
    append(entryCount, size: 4)
  }

  mutating func add(
    _ entry: KeyStore.Entry, password: String, now: Date, salt: [UInt8]
  ) throws(FormatError) {
    let alias = entry.alias.lowercased()
    guard aliases.insert(alias).inserted else {
      throw .malformed(format: "key store", reason: "two entries have the alias '\(alias)'")
    }
    let milliseconds = Int64(exactly: ((entry.date ?? now).timeIntervalSince1970 * 1000).rounded()) ?? 0
    switch entry.content {
    case .trusted(let der):
      append(2, size: 4)
      try append(text: alias)
      append(Int(milliseconds), size: 8)
      try append(certificate: der)
    case .key(let pkcs8, let chain):
      guard (try? PrivateKeyInfo(derEncoded: pkcs8)) != nil else {
        throw .malformed(format: "key store entry", reason: "its key is not PKCS#8")
      }
      let info = EncryptedPrivateKeyInfo(
        algorithm: try FormatError.decoding("JKS key") {
          try AlgorithmIdentifier(JKSProtection.algorithm, ASN1Null())
        },
        encryptedData: JKSProtection.encrypt(pkcs8, password: password, salt: salt))
      append(1, size: 4)
      try append(text: alias)
      append(Int(milliseconds), size: 8)
      append(counted: try info.derBytes())
      append(chain.count, size: 4)
      for der in chain { try append(certificate: der) }
    }
  }

  private mutating func append(certificate der: [UInt8]) throws(FormatError) {
    guard CertificateFields(der: der) != nil else {
      throw .malformed(format: "key store entry", reason: "its certificate is not a certificate")
    }
    try append(text: "X.509")
    append(counted: der)
  }

  private mutating func append(text: String) throws(FormatError) {
    let encoded = JavaText.encode(text)
    guard encoded.count <= 65535 else { throw .tooLarge(what: "the length in bytes of an alias", limit: 65535) }
    append(encoded.count, size: 2)
    bytes += encoded
  }

  private mutating func append(counted content: [UInt8]) {
    append(content.count, size: 4)
    bytes += content
  }

  private mutating func append(_ number: Int, size: Int) {
    for shift in stride(from: (size - 1) * 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }
}
