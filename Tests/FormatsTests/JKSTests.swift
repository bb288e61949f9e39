import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("JKS")
struct JKSTests {
  private let folder: TemporaryDirectory
  private let now = Date(timeIntervalSince1970: 1_700_000_000)

  init() throws { folder = try TemporaryDirectory() }

  private func encode(_ entries: [KeyStore.Entry], _ password: String = "changeit") throws -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    return try JKS.encode(KeyStore(entries: entries), password: password, now: now, randomness: &random)
  }

  private func keyEntry(_ kind: KeyKind) throws -> KeyStore.Entry {
    let leaf = try Material.leaf(kind)
    return .init(
      alias: kind.rawValue, date: now,
      content: .key(pkcs8: try leaf.pkcs8, chain: [leaf.certificate, try Material.ca()]))
  }

  @Test("keytool lists our trusted certificates and keys, with dates and chains")
  func keytoolReads() throws {
    let entries =
      try KeyKind.allCases.map(keyEntry)
      + [.init(alias: "Die Wurzel ü €", date: now, content: .trusted(try Material.ca()))]
    try folder.write("a.jks", try encode(entries))
    let output = try Tool.require(
      "keytool",
      ["-list", "-v", "-keystore", "a.jks", "-storetype", "JKS", "-storepass", "changeit", "-J-Duser.language=en"],
      in: folder.url, environment: ["TZ": "UTC"])
    #expect(output.text.contains("contains 4 entries"))
    #expect(output.text.components(separatedBy: "Certificate chain length: 2").count == 4)
    #expect(output.text.contains("Entry type: trustedCertEntry"))
    #expect(output.text.contains("Nov 14, 2023"))
    let refused = try Tool.run(
      "keytool", ["-list", "-keystore", "a.jks", "-storetype", "JKS", "-storepass", "Changeit"], in: folder.url)
    #expect(refused.status != 0)
  }

  @Test(
    "Java decrypts our keys: keytool makes PKCS#12 of them, and openssl finds the same key", arguments: KeyKind.allCases
  )
  func javaDecrypts(_ kind: KeyKind) throws {
    try folder.write("a.jks", try encode([try keyEntry(kind)]))
    try Tool.require(
      "keytool",
      [
        "-importkeystore", "-srckeystore", "a.jks", "-srcstoretype", "JKS", "-srcstorepass", "changeit",
        "-destkeystore",
        "a.p12", "-deststoretype", "PKCS12", "-deststorepass", "changeit",
      ], in: folder.url)
    let pem = try Tool.openssl(
      "pkcs12", "-in", "a.p12", "-passin", "pass:changeit", "-nodes", "-nocerts", in: folder.url)
    let key = try KeyCoding.decode(Array(pem.stdout), passphrase: nil, legacy: nil)
    let expected = try KeyCoding.decode(Array(try Material.leaf(kind).keyPEM.utf8), passphrase: nil, legacy: nil)
    #expect(key == expected)
  }

  @Test("stores that keytool made are read, trusted entries and keys")
  func readKeytool() throws {
    try folder.write("ca.crt", try Material.shared.get().caPEM)
    let store = ["-keystore", "k.jks", "-storetype", "JKS", "-storepass", "changeit"]
    try Tool.require(
      "keytool",
      ["-genkeypair", "-alias", "Node", "-keyalg", "EC", "-dname", "CN=node", "-keypass", "another"] + store,
      in: folder.url)
    try Tool.require(
      "keytool", ["-importcert", "-noprompt", "-alias", "root", "-file", "ca.crt"] + store, in: folder.url)
    let bytes = try folder.read("k.jks")
    let read = try JKS.decode(bytes, password: "changeit", keyPassword: "another")
    #expect(Set(read.entries.map(\.alias)) == ["node", "root"])
    #expect(read.trustedCertificates == [try Material.ca()])
    let exported = try Tool.require("keytool", ["-exportcert", "-alias", "node"] + store, in: folder.url).stdout
    guard case .key(let pkcs8, let chain)? = read.entries.first(where: { $0.alias == "node" })?.content else {
      Issue.record("the key is missing")
      return
    }
    #expect(chain == [Array(exported)])
    try folder.write("node.der", exported)
    let publicKey = try Tool.openssl("x509", "-inform", "DER", "-in", "node.der", "-noout", "-pubkey", in: folder.url)
    let key = try KeyCoding.decode(pkcs8, passphrase: nil, legacy: nil)
    #expect(try PEM.parse(Array(publicKey.stdout)).map(\.der) == [try key.publicKey.serializeAsPEM().derBytes])
    #expect(formatError { _ = try JKS.decode(bytes, password: "changeit") } == .wrongPassphrase)
    #expect(formatError { _ = try JKS.decode(bytes, password: "Changeit") } == .wrongPassphrase)
  }

  @Test("what was written is read as it was")
  func roundTrip() throws {
    let entries =
      try KeyKind.allCases.map(keyEntry)
      + [.init(alias: "r\0ö€😀", date: now, content: .trusted(try Material.ca()))]
    let bytes = try encode(entries, "pässwörd")
    #expect(try JKS.decode(bytes, password: "pässwörd").entries == entries)
    #expect(formatError { _ = try JKS.decode(bytes, password: "passwörd") } == .wrongPassphrase)
    let closed = try JKS.insecureDecodeWithoutPassword(bytes)
    #expect(closed.trustedCertificates == [try Material.ca()])
    #expect(closed.entries.count == 4)
  }

  @Test("our store stays ours after keytool added to it")
  func keytoolAdds() throws {
    try folder.write("a.jks", try encode([.init(alias: "root", content: .trusted(try Material.ca()))]))
    try folder.write("b.crt", try Material.leaf(.rsa2048).certificatePEM)
    try Tool.require(
      "keytool",
      [
        "-importcert", "-noprompt", "-alias", "other", "-file", "b.crt", "-keystore", "a.jks", "-storetype", "JKS",
        "-storepass", "changeit",
      ], in: folder.url)
    let read = try JKS.decode(try folder.read("a.jks"), password: "changeit")
    #expect(Set(read.trustedCertificates) == [try Material.ca(), try Material.leaf(.rsa2048).certificate])
  }

  @Test("a cut anywhere is an error, with and without the password")
  func truncation() throws {
    let bytes = try encode([try keyEntry(.p256), .init(alias: "root", content: .trusted(try Material.ca()))])
    for end in bytes.indices {
      let cut = Array(bytes[..<end])
      #expect(formatError { _ = try JKS.decode(cut, password: "changeit") } != nil)
      #expect(formatError { _ = try JKS.insecureDecodeWithoutPassword(cut) } != nil)
    }
  }

  @Test("no flipped byte traps or goes unnoticed")
  func flippedBytes() throws {
    let bytes = try encode([try keyEntry(.p256), .init(alias: "root", content: .trusted(try Material.ca()))])
    var random = SeededGenerator(seed: 7)
    for index in bytes.indices {
      var copy = bytes
      copy[index] ^= UInt8.random(in: 1...255, using: &random)
      #expect(formatError { _ = try JKS.decode(copy, password: "changeit") } != nil)
    }
  }

  @Test("JCEKS is named, and what Java would not take is not written")
  func refusals() throws {
    #expect(
      formatError { _ = try JKS.decode([0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2], password: "x") }
        == .unsupported("a JCEKS key store"))
    let ca = try Material.ca()
    #expect(formatError { _ = try encode([.init(alias: "a", content: .trusted(ca))], "short") } != nil)
    #expect(
      formatError {
        _ = try encode([.init(alias: "a", content: .trusted(ca)), .init(alias: "A", content: .trusted(ca))])
      } != nil)
    #expect(formatError { _ = try encode([.init(alias: "a", content: .trusted([0x30, 0]))]) } != nil)
  }
}
