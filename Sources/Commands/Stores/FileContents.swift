import Credentials
import Formats
import Foundation
import SwiftASN1
import TLSRuntime
import X509

/// What a set of files holds together: at most one key, certificates, requests, revocation lists.
struct FileContents {
  private(set) var key: Certificate.PrivateKey?
  /// The leaf first where there is a key, then those above it, nearest first, then the rest in the order read.
  private(set) var certificates: [[UInt8]] = []
  private var requests: [[UInt8]] = []
  private var lists: [[UInt8]] = []
  private var chainLength = 0

  /// Adds a file, of any format that its bytes show.
  mutating func read(_ path: String, password: PasswordOptions) throws {
    let bytes = try InputFile.read(path)
    do {
      if JKS.isLikely(bytes) {
        try add(try JKS.decode(bytes, password: try password.password(for: path)))
      } else if PEM.isLikely(bytes), !isSecret(bytes) {
        try addPEM(bytes, path: path, password: password)
      } else if bytes.first == 0x30 {
        try addDER(bytes, path: path, password: password)
      } else {
        try addSecret(bytes, path: path, password: password)
      }
    } catch let error as FormatError {
      throw CommandError.usage("\(path): \(error.message)", hint: error.hint)
    }
  }

  /// Puts the certificates in the order in which they are served, and holds the key against them.
  /// - Throws: ``IssuanceError/keyMismatch`` where no certificate belongs to the key.
  mutating func arrange() throws {
    guard let key, !certificates.isEmpty else { return }
    let parsed = certificates.map { ($0, try? Certificate(derEncoded: $0)) }
    guard let leaf = parsed.first(where: { $0.1?.publicKey == key.publicKey }) else { throw IssuanceError.keyMismatch }
    var ordered = [leaf.0]
    var tip = leaf.1
    while let current = tip, current.issuer != current.subject,
      let parent = parsed.first(where: { candidate in
        candidate.1?.subject == current.issuer && !ordered.contains(candidate.0)
          && candidate.1?.publicKey.isValidSignature(current.signature, for: current) == true
      })
    {
      ordered.append(parent.0)
      tip = parent.1
    }
    chainLength = ordered.count
    certificates = ordered + certificates.filter { !ordered.contains($0) }
  }

  /// What a file of that format holds of this: a .key the key alone, a .crt no key, a store no requests.
  func summary(in format: OutputFormat) -> String {
    let isStore = format == .pkcs12 || format == .jks || format == .secret
    let chain = isStore && key != nil ? min(certificates.count, max(chainLength, 1)) : certificates.count
    return Self.summary(
      keys: key == nil || format == .certificates ? 0 : 1, certificates: format == .key ? 0 : chain,
      requests: format == .key || isStore ? 0 : requests.count, lists: format == .key || isStore ? 0 : lists.count)
  }

  private static func summary(keys: Int, certificates: Int, requests: Int, lists: Int) -> String {
    let counts = [(keys, "key"), (certificates, "certificate"), (requests, "request"), (lists, "CRL")]
    return counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: ", ")
  }

  func pem(withKey: Bool) throws -> String {
    var text = ""
    if withKey, let key { text += try KeyCoding.pem(key) }
    text += certificates.map { PEM.encode("CERTIFICATE", $0) }.joined()
    text += requests.map { PEM.encode("CERTIFICATE REQUEST", $0) }.joined()
    text += lists.map { PEM.encode("X509 CRL", $0) }.joined()
    guard !text.isEmpty else { throw CommandError.usage("there is nothing in these files for this format") }
    return text
  }

  /// DER holds one thing.
  func singleDER() throws -> [UInt8] {
    var all = certificates + requests + lists
    if let key, all.isEmpty { all.append(try KeyCoding.pkcs8(key)) }
    guard let only = all.first, all.count == 1 else {
      throw CommandError.usage(
        "DER holds one thing, and these files hold \(summary(in: .pem))", hint: "write .pem, or name one file")
    }
    return only
  }

  /// With a key: one entry of key and chain. Without: every certificate as trusted.
  func keyStore() throws -> KeyStore {
    guard let key else {
      var store = KeyStore()
      for der in certificates { store.trust(der, alias: storeAlias(for: der), date: nil) }
      guard !store.entries.isEmpty else { throw CommandError.usage("there is no certificate in these files") }
      return store
    }
    guard let leaf = certificates.first else {
      throw CommandError.usage(
        "a key store needs the key's certificate too", hint: "name the certificate's file as well")
    }
    let chain = Array(certificates.prefix(max(chainLength, 1)))
    let content = KeyStore.Content.key(pkcs8: try KeyCoding.pkcs8(key), chain: chain)
    return KeyStore(entries: [.init(alias: storeAlias(for: leaf), content: content)])
  }

  func secret(named name: String) throws -> KubernetesSecret {
    let isName = name.count <= 253 && (try? DNSName(name)) != nil && name == name.lowercased()
    guard isName else {
      throw CommandError.usage(
        "\"\(name)\" can't name a Secret", hint: "a Secret's name is a lower-case DNS name (RFC 1123); rename the file")
    }
    if let key {
      guard !certificates.isEmpty else {
        throw CommandError.usage("a kubernetes.io/tls Secret needs the key's certificate too")
      }
      return .tls(
        name: name,
        certificate: certificates.prefix(max(chainLength, 1)).map { PEM.encode("CERTIFICATE", $0) }.joined(),
        key: try KeyCoding.pem(key))
    }
    let pem = certificates.map { PEM.encode("CERTIFICATE", $0) }.joined()
    guard !pem.isEmpty else { throw CommandError.usage("there is no certificate in these files") }
    return KubernetesSecret(name: name, data: [.init(key: "ca.crt", value: Array(pem.utf8))])
  }

  private func isSecret(_ bytes: [UInt8]) -> Bool { (try? KubernetesSecret.decode(bytes))?.isEmpty == false }

  private mutating func addPEM(_ bytes: [UInt8], path: String, password: PasswordOptions) throws {
    for block in try PEM.parse(bytes) {
      if PEM.isCertificate(block) {
        append(block.der)
      } else if block.label.hasSuffix("CERTIFICATE REQUEST") {
        requests.append(block.der)
      } else if block.label == "X509 CRL" {
        lists.append(block.der)
      }
    }
    if PEM.scan(bytes).blocks.contains(where: KeyCoding.isPrivateKey) {
      try set(try KeyFile.decode(bytes, path: path) { try password.password(for: path) })
    }
  }

  private mutating func addDER(_ bytes: [UInt8], path: String, password: PasswordOptions) throws {
    if (try? Certificate(derEncoded: bytes)) != nil {
      append(bytes)
    } else if (try? CertificateRequest(der: bytes)) != nil {
      requests.append(bytes)
    } else if (try? CertificateRevocationList(der: bytes)) != nil {
      lists.append(bytes)
    } else if PKCS12.isLikely(bytes) {
      let legacy = NIOSSLLegacyDecryption()
      do {
        try add(try PKCS12.decode(bytes, password: try password.optional(), legacy: legacy))
      } catch FormatError.passphraseNeeded {
        try add(try PKCS12.decode(bytes, password: try password.password(for: path), legacy: legacy))
      }
    } else {
      try set(try KeyFile.decode(bytes, path: path) { try password.password(for: path) })
    }
  }

  private mutating func addSecret(_ bytes: [UInt8], path: String, password: PasswordOptions) throws {
    for item in try KubernetesSecret.decode(bytes).flatMap(\.data) where PEM.isLikely(item.value) {
      try addPEM(item.value, path: "\(path) (\(item.key))", password: password)
    }
    if key == nil, certificates.isEmpty {
      throw CommandError.usage(
        "\(path) holds no certificate and no key", hint: "`countersign inspect \(path)` says what it is")
    }
  }

  private mutating func add(_ store: KeyStore) throws {
    for entry in store.entries {
      switch entry.content {
      case .trusted(let der): append(der)
      case .key(let pkcs8, let chain):
        for der in chain { append(der) }
        try set(try KeyCoding.decode(pkcs8, passphrase: nil, legacy: nil))
      }
    }
  }

  private mutating func append(_ der: [UInt8]) {
    if !certificates.contains(der) { certificates.append(der) }
  }

  private mutating func set(_ new: Certificate.PrivateKey) throws {
    guard key == nil || key == new else {
      throw CommandError.usage("these files hold more than one private key", hint: "convert one at a time")
    }
    key = new
  }
}
