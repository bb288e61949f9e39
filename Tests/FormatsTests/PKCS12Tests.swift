import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("PKCS#12")
struct PKCS12Tests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// leaf.key, leaf.crt and ca.crt in the folder, and what a store of them should hold.
  private func material(_ kind: KeyKind) throws -> KeyStore.Content {
    let leaf = try Material.leaf(kind)
    try folder.write("leaf.key", leaf.keyPEM)
    try folder.write("leaf.crt", leaf.certificatePEM)
    try folder.write("ca.crt", try Material.shared.get().caPEM)
    return .key(pkcs8: try leaf.pkcs8, chain: [leaf.certificate, try Material.ca()])
  }

  private func decode(_ name: String, _ password: String?) throws -> KeyStore {
    try PKCS12.decode(try folder.read(name), password: password, legacy: legacy)
  }

  private func encode(_ entries: [KeyStore.Entry], _ password: String = "secret") throws -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    return try PKCS12.encode(KeyStore(entries: entries), password: password, randomness: &random)
  }

  /// The key of a store as a key, since its PKCS#8 may be encoded in more than one way.
  private func sameKey(_ entry: KeyStore.Entry?, as content: KeyStore.Content) throws -> Bool {
    guard case .key(let one, let chain)? = entry?.content, case .key(let other, let expected) = content else {
      return false
    }
    return try chain == expected
      && KeyCoding.decode(one, passphrase: nil, legacy: nil) == KeyCoding.decode(other, passphrase: nil, legacy: nil)
  }

  @Test("openssl, keytool and certtool read a key with its chain", arguments: KeyKind.allCases)
  func writeKey(_ kind: KeyKind) throws {
    let content = try material(kind)
    try folder.write("ours.p12", try encode([.init(alias: "node one", content: content)]))
    let text = try Tool.openssl("pkcs12", "-in", "ours.p12", "-passin", "pass:secret", "-nodes", in: folder.url).text
    let blocks = try PEM.parse(Array(text.utf8))
    #expect(blocks.map(\.label) == ["PRIVATE KEY", "CERTIFICATE", "CERTIFICATE"])
    #expect(text.contains("friendlyName: node one"))
    #expect(
      try sameKey(.init(alias: "", content: .key(pkcs8: blocks[0].der, chain: blocks[1...].map(\.der))), as: content))
    let info = try Tool.openssl(
      "pkcs12", "-in", "ours.p12", "-passin", "pass:secret", "-noout", "-info", in: folder.url
    ).errors
    #expect(info.contains("AES-256-CBC") && info.contains("hmacWithSHA256") && info.contains("MAC: sha256"))

    let list = try Tool.require(
      "keytool", ["-list", "-v", "-keystore", "ours.p12", "-storepass", "secret"], in: folder.url
    ).text
    #expect(list.contains("Alias name: node one") && list.contains("PrivateKeyEntry"))
    #expect(list.contains("Certificate chain length: 2"))
    let certtool = try Tool.require(
      "certtool", ["--p12-info", "--inder", "--infile", "ours.p12", "--password", "secret"], in: folder.url)
    #expect((certtool.text + certtool.errors).contains("BEGIN CERTIFICATE"))
    #expect(try Tool.run("openssl", ["pkcs12", "-in", "ours.p12", "-passin", "pass:x"], in: folder.url).status != 0)
  }

  @Test("Java opens our key: keytool makes a JKS of it, and the key is the same", arguments: [KeyKind.p256, .rsa2048])
  func importedByJava(_ kind: KeyKind) throws {
    let content = try material(kind)
    try folder.write("ours.p12", try encode([.init(alias: "node", content: content)]))
    try Tool.require(
      "keytool",
      [
        "-importkeystore", "-srckeystore", "ours.p12", "-srcstorepass", "secret", "-destkeystore", "j.jks",
        "-deststoretype", "JKS", "-deststorepass", "changeit", "-destkeypass", "changeit",
      ], in: folder.url)
    let store = try JKS.decode(try folder.read("j.jks"), password: "changeit")
    #expect(store.entries.map(\.alias) == ["node"])
    #expect(try sameKey(store.entries.first, as: content))
  }

  @Test("a store of trusted certificates is one to Java too")
  func writeTrusted() throws {
    let ca = try Material.ca()
    let other = try Material.leaf(.rsa2048).certificate
    let entries = [
      KeyStore.Entry(alias: "root", content: .trusted(ca)), KeyStore.Entry(alias: "größer", content: .trusted(other)),
    ]
    let bytes = try encode(entries)
    try folder.write("trust.p12", bytes)
    let list = try Tool.require(
      "keytool", ["-list", "-keystore", "trust.p12", "-storepass", "secret"], in: folder.url
    ).text
    #expect(list.components(separatedBy: "trustedCertEntry").count == 3)
    #expect(list.contains("root"))
    #expect(try PKCS12.decode(bytes, password: "secret", legacy: nil).entries == entries)
  }

  @Test(
    "openssl's files are read, the old ciphers too",
    arguments: [
      [], ["-keypbe", "AES-128-CBC", "-certpbe", "AES-128-CBC"], ["-keypbe", "NONE", "-certpbe", "NONE"],
      ["-nomac"], ["-macalg", "sha512"], ["-macalg", "sha384"], ["-legacy"],
      ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
    ])
  func readOpenSSL(_ options: [String]) throws {
    for kind in [KeyKind.p256, .rsa2048] {
      let content = try material(kind)
      try Tool.require(
        "openssl",
        [
          "pkcs12", "-export", "-inkey", "leaf.key", "-in", "leaf.crt", "-certfile", "ca.crt", "-name", "the node",
          "-passout", "pass:secret", "-out", "a.p12",
        ] + options, in: folder.url)
      let store = try decode("a.p12", "secret")
      #expect(store.entries.count == 1)
      #expect(store.entries.first?.alias == "the node")
      #expect(try sameKey(store.entries.first, as: content))
      if options != ["-keypbe", "NONE", "-certpbe", "NONE"], options != ["-nomac"] {
        #expect(formatError { _ = try decode("a.p12", "Secret") } == .wrongPassphrase)
        #expect(formatError { _ = try decode("a.p12", nil) } == .passphraseNeeded)
      }
    }
  }

  @Test("certificates without a key are read, and known as invisible to Java", arguments: [[], ["-legacy"]])
  func readCertificatesOnly(_ options: [String]) throws {
    _ = try material(.p256)
    try Tool.require(
      "openssl",
      ["pkcs12", "-export", "-nokeys", "-in", "ca.crt", "-passout", "pass:secret", "-out", "a.p12"] + options,
      in: folder.url)
    let store = try decode("a.p12", "secret")
    #expect(store.trustedCertificates == [try Material.ca()])
    #expect(store.entries.map(\.isVisibleToJava) == [false])
  }

  @Test("an empty password is one", arguments: [[], ["-legacy"]])
  func emptyPassword(_ options: [String]) throws {
    let content = try material(.rsa2048)
    try Tool.require(
      "openssl",
      [
        "pkcs12", "-export", "-inkey", "leaf.key", "-in", "leaf.crt", "-certfile", "ca.crt", "-passout", "pass:",
        "-out",
        "a.p12",
      ] + options, in: folder.url)
    for password in ["", nil] { #expect(try sameKey(try decode("a.p12", password).entries.first, as: content)) }
    #expect(formatError { _ = try decode("a.p12", "x") } == .wrongPassphrase)
  }

  @Test(
    "keytool's files are read, in today's ciphers and in its old ones", arguments: ["", "-J-Dkeystore.pkcs12.legacy"])
  func readKeytool(_ option: String) throws {
    let options = option.isEmpty ? [] : [option]
    try folder.write("ca.crt", try Material.shared.get().caPEM)
    let store = ["-keystore", "k.p12", "-storetype", "PKCS12", "-storepass", "changeit"] + options
    try Tool.require(
      "keytool", ["-genkeypair", "-alias", "node", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=node"] + store,
      in: folder.url)
    try Tool.require(
      "keytool", ["-importcert", "-noprompt", "-alias", "root", "-file", "ca.crt"] + store, in: folder.url)
    let read = try decode("k.p12", "changeit")
    #expect(read.trustedCertificates == [try Material.ca()])
    guard case .key(let pkcs8, let chain)? = read.entries.first?.content else {
      Issue.record("the key is missing")
      return
    }
    let key = try KeyCoding.decode(pkcs8, passphrase: nil, legacy: nil)
    let exported = try Tool.require("keytool", ["-exportcert", "-alias", "node"] + store, in: folder.url).stdout
    #expect(chain == [Array(exported)])
    try folder.write("node.der", exported)
    let publicKey = try Tool.openssl("x509", "-inform", "DER", "-in", "node.der", "-noout", "-pubkey", in: folder.url)
    #expect(try PEM.parse(Array(publicKey.stdout)).map(\.der) == [try key.publicKey.serializeAsPEM().derBytes])
    if options.isEmpty {
      #expect(read.entries.map(\.alias) == ["node", "root"])
      #expect(read.entries.map(\.isVisibleToJava) == [true, true])
    }
    #expect(formatError { _ = try decode("k.p12", "Changeit") } == .wrongPassphrase)
  }

  @Test("certtool's files are read")
  func readCerttool() throws {
    let content = try material(.p256)
    try Tool.require(
      "certtool",
      [
        "--to-p12", "--load-privkey", "leaf.key", "--load-certificate", "leaf.crt", "--load-ca-certificate", "ca.crt",
        "--p12-name", "node", "--password", "secret", "--outder", "--outfile", "a.p12",
      ], in: folder.url)
    #expect(try sameKey(try decode("a.p12", "secret").entries.first, as: content))
  }

  @Test("indefinite lengths and octet strings in pieces are read")
  func ber() throws {
    let content = try material(.p256)
    try folder.write("ours.p12", try encode([.init(alias: "node", content: content)]))
    // PFX, ContentInfo and the wrapped OCTET STRING rewritten as Windows and NSS do.
    let der = try folder.read("ours.p12")
    try folder.write("ber.p12", try BERRewriting.indefinite(der))
    let rewritten = try decode("ber.p12", "secret")
    #expect(try sameKey(rewritten.entries.first, as: content))
    try Tool.openssl("pkcs12", "-in", "ber.p12", "-passin", "pass:secret", "-noout", in: folder.url)
  }

  @Test("a cut anywhere is an error, and no flipped byte traps")
  func damage() throws {
    _ = try material(.p256)
    for options in [["-iter", "1"], ["-iter", "1", "-legacy"]] {
      try Tool.require(
        "openssl",
        ["pkcs12", "-export", "-inkey", "leaf.key", "-in", "leaf.crt", "-passout", "pass:x", "-out", "a.p12"] + options,
        in: folder.url)
      let bytes = try folder.read("a.p12")
      for end in bytes.indices {
        #expect(formatError { _ = try PKCS12.decode(Array(bytes[..<end]), password: "x", legacy: legacy) } != nil)
      }
      var random = SeededGenerator(seed: 5)
      for index in bytes.indices {
        var copy = bytes
        copy[index] ^= UInt8.random(in: 1...255, using: &random)
        if let error = formatError({ _ = try PKCS12.decode(copy, password: "x", legacy: legacy) }) {
          #expect(!error.message.isEmpty)
        }
      }
    }
    // Without an authentication code the damage reaches the inner parsers.
    try Tool.openssl(
      "pkcs12", "-export", "-inkey", "leaf.key", "-in", "leaf.crt", "-passout", "pass:x", "-out", "a.p12", "-nomac",
      "-keypbe", "NONE", "-certpbe", "NONE", in: folder.url)
    let bytes = try folder.read("a.p12")
    var random = SeededGenerator(seed: 6)
    for index in bytes.indices {
      var copy = bytes
      copy[index] ^= UInt8.random(in: 1...255, using: &random)
      if let error = formatError({ _ = try PKCS12.decode(copy, password: "x", legacy: legacy) }) {
        #expect(!error.message.isEmpty)
      }
    }
  }

  @Test("what can't be written is refused")
  func refusals() throws {
    let ca = try Material.ca()
    #expect(formatError { _ = try encode([.init(alias: "a", content: .trusted(ca))], "") } == .passphraseNeeded)
    #expect(formatError { _ = try encode([.init(alias: "a", content: .trusted([1, 2]))]) } != nil)
    #expect(formatError { _ = try encode([.init(alias: "a", content: .key(pkcs8: [1], chain: [ca]))]) } != nil)
  }

  @Test("several keys and certificates keep their chains")
  func mixed() throws {
    let ca = try Material.ca()
    var entries = try KeyKind.allCases.map { kind in
      let leaf = try Material.leaf(kind)
      return KeyStore.Entry(
        alias: kind.rawValue, content: .key(pkcs8: try leaf.pkcs8, chain: [leaf.certificate, ca]))
    }
    entries.append(.init(alias: "root", content: .trusted(ca)))
    let bytes = try encode(entries)
    #expect(try PKCS12.decode(bytes, password: "secret", legacy: nil).entries == entries)
    try folder.write("mixed.p12", bytes)
    let list = try Tool.require(
      "keytool", ["-list", "-keystore", "mixed.p12", "-storepass", "secret"], in: folder.url
    ).text
    #expect(list.contains("contains 4 entries"))
  }
}

/// Rewrites the outer levels of a PKCS#12 file in BER.
enum BERRewriting {
  static func indefinite(_ der: [UInt8]) throws -> [UInt8] {
    let pfx = try children(of: der[...])
    let authSafe = try children(of: pfx[1])
    let wrapper = try children(of: authSafe[1])
    let contents = try content(of: wrapper[0])
    let middle = contents.startIndex + contents.count / 2
    let pieces = [contents[..<middle], contents[middle...]].map { [0x04] + length($0.count) + Array($0) }
    let string = [0x24, 0x80] + pieces.joined() + [0, 0]
    let info = [0x30, 0x80] + Array(authSafe[0]) + [0xa0, 0x80] + string + [0, 0] + [0, 0]
    return [0x30, 0x80] + Array(pfx[0]) + info + Array(pfx[2]) + [0, 0]
  }

  private static func length(_ count: Int) -> [UInt8] {
    count < 128 ? [UInt8(count)] : [0x82, UInt8(count >> 8), UInt8(count & 0xff)]
  }

  /// Where the content of a definite-length element lies.
  private static func content(of element: ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
    var rest = element.dropFirst()
    guard let first = rest.popFirst() else { throw MissingMaterial() }
    guard first >= 0x80 else { return rest.prefix(Int(first)) }
    let count = rest.prefix(Int(first & 0x7f)).reduce(0) { $0 << 8 | Int($1) }
    return rest.dropFirst(Int(first & 0x7f)).prefix(count)
  }

  private static func children(of element: ArraySlice<UInt8>) throws -> [ArraySlice<UInt8>] {
    var rest = try content(of: element)
    var children: [ArraySlice<UInt8>] = []
    while !rest.isEmpty {
      let end = try content(of: rest).endIndex
      children.append(rest[..<end])
      rest = rest[end...]
    }
    return children
  }
}
