import Foundation
import SwiftASN1

/// Takes a JKS file apart. All numbers are big-endian.
///
///     magic FEEDFEED · version u4 (1 or 2) · count u4 · entries · SHA-1 digest (20 bytes)
///     entry: tag u4 (1 key, 2 certificate) · alias · date u8, milliseconds
///       key:         length u4, EncryptedPrivateKeyInfo · count u4, certificates
///       certificate: one certificate
///     certificate: type ("X.509", version 2 only) · length u4, DER
struct JKSReader {
  private static let entryLimit = 10_000
  private static let chainLimit = 100

  /// An entry with its key still encrypted.
  struct Entry {
    var alias: String
    var date: Date
    var encryptedKey: [UInt8]?
    var certificates: [[UInt8]]
  }

  private var rest: ArraySlice<UInt8>
  private var version: UInt32 = 2

  private init(_ contents: ArraySlice<UInt8>) {
    rest = contents
  }

  /// - Returns: the entries, and what the digest at the end has to match.
  static func read(
    _ bytes: [UInt8]
  ) throws(FormatError) -> (entries: [Entry], contents: ArraySlice<UInt8>, digest: ArraySlice<UInt8>) {
    guard JKS.isLikely(bytes) else {
      if bytes.starts(with: [0xce, 0xce, 0xce, 0xce]) { throw .unsupported("a JCEKS key store") }
      throw .malformed(format: "JKS file", reason: "it does not start as one")
    }
    guard bytes.count >= 32 else { throw Self.truncated }
    let contents = bytes.dropLast(20)
    var reader = JKSReader(contents.dropFirst(4))
    let entries = try reader.entries()
    return (entries, contents, bytes.suffix(20))
  }

  private static var truncated: FormatError { .malformed(format: "JKS file", reason: "it is cut short") }

  private mutating func entries() throws(FormatError) -> [Entry] {
    version = UInt32(truncatingIfNeeded: try number(4))
    guard version == 1 || version == 2 else { throw .unsupported("JKS version \(version)") }
    let count = try number(4)
    guard count <= Self.entryLimit else {
      throw .tooLarge(what: "the number of entries of a JKS file", limit: Self.entryLimit)
    }
    var entries: [Entry] = []
    for _ in 0..<count { entries.append(try entry()) }
    guard rest.isEmpty else { throw .malformed(format: "JKS file", reason: "there is more after the last entry") }
    return entries
  }

  private mutating func entry() throws(FormatError) -> Entry {
    let tag = try number(4)
    let alias = try text()
    let date = Date(timeIntervalSince1970: Double(Int64(bitPattern: try number(8))) / 1000)
    switch tag {
    case 1:
      let key = try bytes(try number(4))
      let count = try number(4)
      guard count <= Self.chainLimit else {
        throw .tooLarge(what: "the length of a certificate chain", limit: Self.chainLimit)
      }
      var chain: [[UInt8]] = []
      for _ in 0..<count { chain.append(try certificate()) }
      return Entry(alias: alias, date: date, encryptedKey: key, certificates: chain)
    case 2:
      return Entry(alias: alias, date: date, encryptedKey: nil, certificates: [try certificate()])
    default:
      throw .malformed(format: "JKS file", reason: "an entry is neither a key nor a certificate")
    }
  }

  private mutating func certificate() throws(FormatError) -> [UInt8] {
    if version == 2 {
      let type = try text()
      guard type == "X.509" || type == "X509" else { throw .unsupported("a certificate that is not X.509") }
    }
    return try bytes(try number(4))
  }

  private mutating func text() throws(FormatError) -> String {
    guard let text = JavaText.decode(try bytes(try number(2))) else {
      throw .malformed(format: "JKS file", reason: "a name in it is not text")
    }
    return text
  }

  private mutating func number(_ size: Int) throws(FormatError) -> UInt64 {
    try bytes(UInt64(size)).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func bytes(_ count: UInt64) throws(FormatError) -> [UInt8] {
    guard count <= UInt64(rest.count) else { throw Self.truncated }
    defer { rest = rest.dropFirst(Int(count)) }
    return Array(rest.prefix(Int(count)))
  }
}

extension JKSReader.Entry {
  func closed() -> KeyStore.Entry {
    KeyStore.Entry(
      alias: alias, date: date,
      content: encryptedKey == nil && !certificates.isEmpty
        ? .trusted(certificates[0]) : .key(pkcs8: [], chain: certificates))
  }

  func opened(password: String) throws(FormatError) -> KeyStore.Entry {
    guard let encryptedKey else { return closed() }
    let info = try FormatError.decoding("JKS key") { try EncryptedPrivateKeyInfo(derEncoded: encryptedKey) }
    guard info.algorithm.algorithm == JKSProtection.algorithm else {
      throw .unsupported("a key store key encrypted with \(info.algorithm.algorithm)")
    }
    let pkcs8 = try JKSProtection.decrypt(info.encryptedData, password: password)
    return KeyStore.Entry(alias: alias, date: date, content: .key(pkcs8: pkcs8, chain: certificates))
  }
}
