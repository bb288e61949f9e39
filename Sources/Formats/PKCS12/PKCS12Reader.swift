import Foundation
import SwiftASN1
import X509

/// Opens the nested parts of a PKCS#12 file and collects its bags.
struct PKCS12Reader {
  private static let bagLimit = 10_000

  private let password: String
  private let legacy: (any LegacyDecryption)?
  private var limit = WorkLimit()
  var bags = PKCS12Bags()

  init(password: String, legacy: (any LegacyDecryption)?) {
    self.password = password
    self.legacy = legacy
  }

  mutating func read(_ bytes: [UInt8]) throws(FormatError) {
    let pfx = try FormatError.decoding("PKCS#12 file") {
      try PFX(derEncoded: try BERNormalisation.der(from: bytes))
    }
    guard pfx.authSafe.type == ContentInfo.data else {
      throw .unsupported("a PKCS#12 file that is signed instead of protected by a password")
    }
    let contents = try FormatError.decoding("PKCS#12 file") {
      Array(try ASN1OctetString(asn1Any: pfx.authSafe.content).bytes)
    }
    if let mac = pfx.macData { try PKCS12MAC.check(mac, over: contents, password: password, limit: &limit) }
    for node in try Self.elements(of: contents) {
      try read(try FormatError.decoding("PKCS#12 contents") { try ContentInfo(derEncoded: node) })
    }
  }

  /// The bags sorted into entries.
  func keyStore() -> KeyStore { bags.keyStore() }

  private mutating func read(_ info: ContentInfo) throws(FormatError) {
    switch info.type {
    case ContentInfo.data:
      try readBags(
        try FormatError.decoding("PKCS#12 contents") { Array(try ASN1OctetString(asn1Any: info.content).bytes) })
    case ContentInfo.encryptedData:
      let data = try FormatError.decoding("PKCS#12 contents") { try EncryptedData(asn1Any: info.content) }
      switch try PasswordBasedEncryption(data.algorithm, limit: &limit) {
      case .pbes2(let scheme):
        try readBags(try scheme.decrypt(data.ciphertext, passphrase: Array(password.utf8)))
      case .legacy(let name):
        guard let legacy else { throw .unsupported("encryption with \(name)") }
        let certificates = try legacy.decryptCertificates(contentInfo: try info.derBytes(), password: password)
        bags.certificates += certificates.map { .init(der: $0, attributes: .init()) }
      }
    default:
      throw .unsupported("a PKCS#12 file encrypted to a public key")
    }
  }

  private mutating func readBags(_ contents: [UInt8]) throws(FormatError) {
    for node in try Self.elements(of: contents) {
      guard bags.count < Self.bagLimit else {
        throw .tooLarge(what: "the number of entries of a PKCS#12 file", limit: Self.bagLimit)
      }
      let bag = try FormatError.decoding("PKCS#12 bag") { try SafeBag(derEncoded: node) }
      switch bag.type {
      case SafeBag.key:
        let key = try FormatError.decoding("PKCS#12 key") { try PrivateKeyInfo(asn1Any: bag.value) }
        bags.keys.append(.init(pkcs8: try key.derBytes(), attributes: bag.attributes))
      case SafeBag.shroudedKey:
        bags.keys.append(.init(pkcs8: try decryptedKey(bag), attributes: bag.attributes))
      case SafeBag.certificate:
        let certificate = try FormatError.decoding("PKCS#12 certificate") { try CertBag(asn1Any: bag.value) }
        if let der = certificate.certificate { bags.certificates.append(.init(der: der, attributes: bag.attributes)) }
      default:
        // CRLs and secrets have no place in a key store of ours.
        continue
      }
    }
  }

  private mutating func decryptedKey(_ bag: SafeBag) throws(FormatError) -> [UInt8] {
    let encrypted = try FormatError.decoding("PKCS#12 key") { try EncryptedPrivateKeyInfo(asn1Any: bag.value) }
    let der = try EncryptedPKCS8.decrypt(encrypted, passphrase: password, legacy: legacy, limit: &limit)
    if (try? PrivateKeyInfo(derEncoded: der)) != nil { return der }
    return try KeyCoding.pkcs8(try KeyReader(passphrase: nil, legacy: nil).key(der: der))
  }

  private static func elements(of bytes: [UInt8]) throws(FormatError) -> [ASN1Node] {
    try FormatError.decoding("PKCS#12 contents") {
      let node = try DER.parse(try BERNormalisation.der(from: bytes))
      guard node.identifier == .sequence, let elements = node.children else {
        throw ASN1Error.unexpectedFieldType(node.identifier)
      }
      return elements
    }
  }
}

/// The keys and certificates of a PKCS#12 file before they are put together.
struct PKCS12Bags {
  struct Key {
    var pkcs8: [UInt8]
    var attributes: SafeBag.Attributes
  }
  struct Certificate {
    var der: [UInt8]
    var attributes: SafeBag.Attributes
  }

  var keys: [Key] = []
  var certificates: [Certificate] = []
  var count: Int { keys.count + certificates.count }

  /// Gives each key its chain. What no chain uses is a trusted certificate.
  func keyStore() -> KeyStore {
    let fields = certificates.map { CertificateFields(der: $0.der) }
    var used: Set<Int> = []
    var entries: [KeyStore.Entry] = []
    var number = 0
    for key in keys {
      number += 1
      let chain = chain(from: leaf(of: key, fields), fields)
      used.formUnion(chain)
      entries.append(
        .init(
          alias: key.attributes.friendlyName ?? chain.first.flatMap { certificates[$0].attributes.friendlyName }
            ?? String(number),
          date: key.attributes.localKeyID.flatMap(Self.date),
          content: .key(pkcs8: key.pkcs8, chain: chain.map { certificates[$0].der })))
    }
    for (index, certificate) in certificates.enumerated()
    where !used.contains(index) || certificate.attributes.isTrustedByJava {
      number += 1
      entries.append(
        .init(
          alias: certificate.attributes.friendlyName ?? String(number), content: .trusted(certificate.der),
          isVisibleToJava: certificate.attributes.isTrustedByJava))
    }
    return KeyStore(entries: entries)
  }

  /// By key ID as the RFC says, else by the key itself.
  private func leaf(of key: Key, _ fields: [CertificateFields?]) -> Int? {
    if let id = key.attributes.localKeyID,
      let index = certificates.firstIndex(where: { $0.attributes.localKeyID == id })
    {
      return index
    }
    guard let decoded = try? KeyReader(passphrase: nil, legacy: nil).key(der: key.pkcs8),
      let publicKey = try? decoded.publicKey.serializeAsPEM().derBytes[...]
    else { return nil }
    return fields.firstIndex { $0?.publicKey == publicKey }
  }

  private func chain(from leaf: Int?, _ fields: [CertificateFields?]) -> [Int] {
    guard let leaf else { return [] }
    var chain = [leaf]
    while let last = chain.last, let current = fields[last], !current.isSelfIssued,
      let issuer = fields.firstIndex(where: { $0?.subject == current.issuer }), !chain.contains(issuer)
    {
      chain.append(issuer)
    }
    return chain
  }

  /// Java keeps an entry's date in the key ID, as `Time 1700000000000`.
  private static func date(_ localKeyID: [UInt8]) -> Date? {
    let text = String(decoding: localKeyID, as: UTF8.self)
    guard text.hasPrefix("Time "), let milliseconds = Int64(text.dropFirst(5)) else { return nil }
    return Date(timeIntervalSince1970: Double(milliseconds) / 1000)
  }
}
