import Crypto
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@Suite("Private keys")
struct KeyCodingTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func decode(_ name: String, passphrase: String? = nil) throws -> Certificate.PrivateKey {
    try KeyCoding.decode(try folder.read(name), passphrase: passphrase, legacy: legacy)
  }

  /// The public key that openssl sees in a private key, as DER.
  private func publicKey(_ arguments: String...) throws -> [UInt8] {
    Array(try Tool.require("openssl", ["pkey", "-pubout", "-outform", "DER"] + arguments, in: folder.url).stdout)
  }

  @Test("openssl reads our PKCS#8 as the same key, as PEM and DER", arguments: KeyKind.allCases)
  func pkcs8(_ kind: KeyKind) throws {
    try folder.write("a.pem", try Material.leaf(kind).keyPEM)
    let key = try decode("a.pem")
    try folder.write("b.pem", try KeyCoding.pem(key))
    try folder.write("b.der", try KeyCoding.pkcs8(key))
    let expected = try publicKey("-in", "a.pem")
    #expect(try publicKey("-in", "b.pem") == expected)
    #expect(try publicKey("-inform", "DER", "-in", "b.der") == expected)
    #expect(try key.publicKey.serializeAsPEM().derBytes == expected)
    #expect(try decode("b.der") == key)
    try Tool.openssl("pkey", "-check", "-noout", "-in", "b.pem", in: folder.url)
  }

  @Test("the traditional forms are read from openssl and by openssl")
  func traditional() throws {
    for (kind, label) in [(KeyKind.p256, "EC PRIVATE KEY"), (.rsa2048, "RSA PRIVATE KEY")] {
      try folder.write("a.pem", try Material.leaf(kind).keyPEM)
      let key = try decode("a.pem")
      try Tool.openssl("pkey", "-traditional", "-in", "a.pem", "-out", "old.pem", in: folder.url)
      #expect(try decode("old.pem") == key)
      try Tool.openssl("pkey", "-traditional", "-in", "a.pem", "-outform", "DER", "-out", "old.der", in: folder.url)
      #expect(try decode("old.der") == key)
      let ours = try KeyCoding.traditional(key)
      #expect(ours.label == label)
      #expect(try ours.der == folder.read("old.der"))
    }
    try folder.write("ed.pem", try Material.leaf(.ed25519).keyPEM)
    let ed25519 = try decode("ed.pem")
    #expect(formatError { _ = try KeyCoding.traditional(ed25519) } != nil)
  }

  @Test("an EC PARAMETERS block before the key is stepped over", arguments: ["prime256v1", "secp384r1", "secp521r1"])
  func ecParameters(_ curve: String) throws {
    try Tool.openssl("ecparam", "-genkey", "-name", curve, "-out", "a.pem", in: folder.url)
    #expect(try decode("a.pem").publicKey.serializeAsPEM().derBytes == (try publicKey("-in", "a.pem")))
    let text = String(decoding: try folder.read("a.pem"), as: UTF8.self)
    #expect(text.contains("EC PARAMETERS"))
  }

  @Test("encrypted PKCS#8 of ours is opened by openssl", arguments: KeyKind.allCases)
  func encryptedByUs(_ kind: KeyKind) throws {
    try folder.write("a.pem", try Material.leaf(kind).keyPEM)
    let key = try decode("a.pem")
    var random = SystemRandomNumberGenerator()
    try folder.write(
      "b.pem",
      try KeyCoding.encryptedPEM(key, passphrase: "a pässphrase", parameters: .init(using: &random)))
    #expect(try publicKey("-in", "b.pem", "-passin", "pass:a pässphrase") == publicKey("-in", "a.pem"))
    #expect(try Tool.run("openssl", ["pkey", "-in", "b.pem", "-passin", "pass:other"], in: folder.url).status != 0)
    #expect(try decode("b.pem", passphrase: "a pässphrase") == key)
    #expect(formatError { _ = try decode("b.pem") } == .passphraseNeeded)
    #expect(formatError { _ = try decode("b.pem", passphrase: "other") } == .wrongPassphrase)
    let parameters = try Tool.openssl("asn1parse", "-in", "b.pem", in: folder.url).text
    for name in ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"] { #expect(parameters.contains(name)) }
  }

  @Test(
    "encrypted PKCS#8 of openssl is opened",
    arguments: [
      ["-v2", "aes-256-cbc"], ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"],
      ["-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA512"], ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"],
      ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA224"], ["-scrypt"],
      ["-v2", "des3", "-v2prf", "hmacWithSHA1"], ["-v2", "des3"], ["-v1", "PBE-SHA1-3DES"],
    ])
  func encryptedByOpenSSL(_ options: [String]) throws {
    for kind in [KeyKind.p256, .rsa2048] {
      try folder.write("a.pem", try Material.leaf(kind).keyPEM)
      try Tool.require(
        "openssl", ["pkcs8", "-topk8", "-in", "a.pem", "-out", "b.pem", "-passout", "pass:secret"] + options,
        in: folder.url)
      #expect(try decode("b.pem", passphrase: "secret") == decode("a.pem"))
      #expect(formatError { _ = try decode("b.pem", passphrase: "Secret") } == .wrongPassphrase)
      #expect(formatError { _ = try decode("b.pem") } == .passphraseNeeded)
    }
  }

  @Test("keys with a DEK-Info header are opened", arguments: ["aes128", "aes192", "aes256", "des3"])
  func dekInfo(_ cipher: String) throws {
    try folder.write("a.pem", try Material.leaf(.rsa2048).keyPEM)
    try Tool.openssl(
      "rsa", "-traditional", "-\(cipher)", "-in", "a.pem", "-out", "b.pem", "-passout", "pass:secret", in: folder.url)
    #expect(String(decoding: try folder.read("b.pem"), as: UTF8.self).contains("DEK-Info"))
    #expect(try decode("b.pem", passphrase: "secret") == decode("a.pem"))
    #expect(formatError { _ = try decode("b.pem", passphrase: "Secret") } == .wrongPassphrase)
    #expect(formatError { _ = try decode("b.pem") } == .passphraseNeeded)
  }

  @Test("without help for old ciphers, they are named as unsupported")
  func withoutLegacy() throws {
    try folder.write("a.pem", try Material.leaf(.p256).keyPEM)
    try Tool.openssl(
      "pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", "a.pem", "-out", "b.pem", "-passout", "pass:s", in: folder.url)
    let bytes = try folder.read("b.pem")
    #expect(
      formatError { _ = try KeyCoding.decode(bytes, passphrase: "s", legacy: nil) }
        == .unsupported("encryption with PBE-SHA1-3DES"))
    // NIOSSL would trap on these.
    for passphrase in ["pässwort", "a\0b", ""] {
      #expect(formatError { _ = try KeyCoding.decode(bytes, passphrase: passphrase, legacy: legacy) } != nil)
    }
  }

  @Test("keys that we can't use are named")
  func unusable() throws {
    for (arguments, name) in [
      (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "secp256k1"),
      (["-algorithm", "ED448"], "Ed448"), (["-algorithm", "X25519"], "X25519"),
      (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"], "512 bits"),
      (["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:1024"], "PSS"),
      (
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"], "explicit"
      ),
    ] {
      try Tool.require("openssl", ["genpkey", "-out", "a.pem"] + arguments, in: folder.url)
      #expect(formatError { _ = try decode("a.pem") }?.message.contains(name) == true)
    }
    try folder.write("cert.pem", try Material.leaf(.p256).certificatePEM)
    #expect(formatError { _ = try decode("cert.pem") } == .notPEM("a private key"))
  }

  @Test("a key whose halves don't belong together is refused")
  func mismatchedHalves() throws {
    let one = P256.Signing.PrivateKey()
    let other = P256.Signing.PrivateKey()
    var der = Array(one.derRepresentation)
    let point = Array(one.publicKey.x963Representation)
    let range = try #require(der.firstRange(of: point))
    der.replaceSubrange(range, with: other.publicKey.x963Representation)
    #expect(
      formatError { _ = try KeyCoding.decode(der, passphrase: nil, legacy: nil) }?.message.contains("half") == true)
  }

  @Test("a cut anywhere is an error", arguments: KeyKind.allCases)
  func truncation(_ kind: KeyKind) throws {
    let pkcs8 = try Material.leaf(kind).pkcs8
    for end in pkcs8.indices {
      #expect(formatError { _ = try KeyCoding.decode(Array(pkcs8[..<end]), passphrase: "x", legacy: legacy) } != nil)
    }
    try folder.write("a.pem", try Material.leaf(kind).keyPEM)
    for options in [["-v2", "aes-256-cbc", "-iter", "1"], ["-v1", "PBE-SHA1-3DES"]] {
      try Tool.require(
        "openssl",
        ["pkcs8", "-topk8", "-in", "a.pem", "-outform", "DER", "-out", "b.der", "-passout", "pass:x"] + options,
        in: folder.url)
      let bytes = try folder.read("b.der")
      for end in bytes.indices {
        #expect(formatError { _ = try KeyCoding.decode(Array(bytes[..<end]), passphrase: "x", legacy: legacy) } != nil)
      }
    }
  }

  @Test("flipped bytes never trap")
  func flippedBytes() throws {
    try folder.write("a.pem", try Material.leaf(.p256).keyPEM)
    try Tool.openssl(
      "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-iter", "1", "-in", "a.pem", "-outform", "DER", "-out", "b.der",
      "-passout", "pass:x", in: folder.url)
    var random = SeededGenerator(seed: 3)
    for original in [try folder.read("b.der"), try Material.leaf(.p256).pkcs8, try Material.leaf(.rsa2048).pkcs8] {
      for index in original.indices {
        var bytes = original
        bytes[index] = bytes[index] ^ UInt8.random(in: 1...255, using: &random)
        let result = formatError { _ = try KeyCoding.decode(bytes, passphrase: "x", legacy: legacy) }
        if let result { #expect(!result.message.isEmpty) }
      }
    }
  }

  @Test(
    "absurd costs are refused at once",
    arguments: [
      "OID:PBKDF2 INTEGER:100000000", "OID:PBKDF2 INTEGER:0", "OID:PBKDF2 INTEGER:-1",
      "OID:PBKDF2 INTEGER:0xffffffffffffffffffff", "OID:id-scrypt INTEGER:1073741824 INTEGER:8 INTEGER:1",
      "OID:id-scrypt INTEGER:16384 INTEGER:1000000 INTEGER:1", "OID:id-scrypt INTEGER:16384 INTEGER:8 INTEGER:1000000",
      "OID:id-scrypt INTEGER:3 INTEGER:8 INTEGER:1",
    ])
  func absurdCosts(_ derivation: String) throws {
    let parts = derivation.split(separator: " ")
    let numbers = parts.dropFirst().enumerated().map { "n\($0) = \($1)" }.joined(separator: "\n")
    try folder.write(
      "a.conf",
      """
      asn1 = SEQUENCE:top
      [top]
      a = SEQUENCE:algorithm
      d = FORMAT:HEX,OCTETSTRING:00112233445566778899aabbccddeeff
      [algorithm]
      o = OID:PBES2
      p = SEQUENCE:parameters
      [parameters]
      k = SEQUENCE:derivation
      e = SEQUENCE:cipher
      [derivation]
      o = \(parts[0])
      p = SEQUENCE:numbers
      [numbers]
      salt = FORMAT:HEX,OCTETSTRING:0011223344556677
      \(numbers)
      [cipher]
      o = OID:aes-256-cbc
      iv = FORMAT:HEX,OCTETSTRING:00112233445566778899aabbccddeeff
      """)
    try Tool.openssl("asn1parse", "-genconf", "a.conf", "-noout", "-out", "a.der", in: folder.url)
    let bytes = try folder.read("a.der")
    let error = formatError { _ = try EncryptedPKCS8.decrypt(bytes, passphrase: "x", legacy: nil) }
    #expect(error != nil && error != .wrongPassphrase)
  }

  @Test("weak parameters are not written")
  func weakParameters() {
    var random = SeededGenerator(seed: 4)
    var parameters = EncryptedPKCS8.Parameters(using: &random)
    parameters.iterations = 1000
    #expect(formatError { _ = try EncryptedPKCS8.encrypt([1], passphrase: "x", parameters: parameters) } != nil)
    parameters = .init(salt: [1, 2, 3], iv: parameters.iv)
    #expect(formatError { _ = try EncryptedPKCS8.encrypt([1], passphrase: "x", parameters: parameters) } != nil)
    #expect(
      formatError { _ = try EncryptedPKCS8.encrypt([1], passphrase: "", parameters: .init(using: &random)) } != nil)
  }
}
