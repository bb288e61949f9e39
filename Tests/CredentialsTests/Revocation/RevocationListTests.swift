import Crypto
import CryptoExtras
import Foundation
import PKITestKit
import SwiftASN1
import Testing
import X509

@testable import Credentials

@Suite struct RevocationListTests {
  let root: PathFixture
  let update = RevocationListUpdate(
    number: 300, thisUpdate: PathFixture.now, nextUpdate: PathFixture.now.addingTimeInterval(7 * PathFixture.day))

  init() throws { root = try PathFixture.authority("Root") }

  private var issuer: RevocationListIssuer { RevocationListIssuer(certificate: root.certificate, key: root.key) }

  private static let entries = [
    RevokedCertificate(serial: .init(bytes: [0xfe, 2]), date: PathFixture.now, reason: .keyCompromise),
    RevokedCertificate(serial: .init(bytes: [3]), date: PathFixture.now),
    RevokedCertificate(
      serial: .init(bytes: [2, 1]), date: PathFixture.now, reason: .superseded,
      invalidityDate: PathFixture.now.addingTimeInterval(-3_600)),
  ]

  private static func pem(_ der: [UInt8]) -> String { PEMDocument(type: "X509 CRL", derBytes: der).pemString }

  @Test("a list comes back as it was issued, sorted by serial")
  func roundTrip() throws {
    let list = try CertificateRevocationList(
      der: CertificateRevocationList.issue(entries: Self.entries, by: issuer, update: update))
    #expect(list.entries.map(\.serial.bytes) == [[3], [2, 1], [0xfe, 2]])
    #expect(list.entries == [Self.entries[1], Self.entries[2], Self.entries[0]])
    #expect(list.issuer == root.certificate.subject)
    #expect(list.thisUpdate == update.thisUpdate && list.nextUpdate == update.nextUpdate)
    #expect(list.number == [1, 44])
    #expect(list.authorityKeyIdentifier == Array(SubjectKeyIdentifier(hash: root.key.publicKey).keyIdentifier))
    #expect(list.defect == nil)
    #expect(list.isSigned(by: root.key.publicKey))
    #expect(!list.isSigned(by: P256.Signing.PrivateKey().publicKey.certificateKey))
    #expect(list.entry(for: .init(bytes: [2, 1]))?.reason == .superseded)
    #expect(list.entry(for: .init(bytes: [2])) == nil)
  }

  @Test(
    "openssl and certtool read and verify it, for each kind of key",
    arguments: ["p256", "p384", "p521", "ed25519", "rsa2048"])
  func independentReaders(kind: String) throws {
    let key: Certificate.PrivateKey =
      switch kind {
      case "p384": .init(P384.Signing.PrivateKey())
      case "p521": .init(P521.Signing.PrivateKey())
      case "ed25519": .init(Curve25519.Signing.PrivateKey())
      case "rsa2048": .init(try _RSA.Signing.PrivateKey(keySize: .bits2048))
      default: .init(P256.Signing.PrivateKey())
      }
    let root = try PathFixture.authority("Root") { $0.key = key }
    let der = try CertificateRevocationList.issue(
      entries: Self.entries, by: RevocationListIssuer(certificate: root.certificate, key: key), update: update)
    let folder = try TemporaryDirectory()
    try Data(root.pem.utf8).write(to: folder.file("ca.pem"))
    try Data(Self.pem(der).utf8).write(to: folder.file("list.pem"))
    let openssl = try Tool.openssl("crl", "-in", "list.pem", "-CAfile", "ca.pem", "-noout", "-text", in: folder.url)
    #expect(openssl.errors.contains("verify OK"))
    for text in [
      "Version 2", "Issuer: CN = Root", "X509v3 CRL Number: \n                300", "Serial Number: FE02",
      "Key Compromise",
      "Serial Number: 0201", "Superseded", "Invalidity Date", "Last Update: Mar 17 17:46:40 2030 GMT",
      "Next Update: Mar 24 17:46:40 2030 GMT",
    ] {
      #expect(openssl.text.contains(text))
    }
    let certtool = try Tool.require("certtool", ["--crl-info", "--infile", "list.pem"], in: folder.url)
    #expect(certtool.text.contains("Revoked certificates (3):"))
    #expect(certtool.text.contains("Serial Number (hex): 0201"))
  }

  @Test("openssl verify refuses what the list names, and nothing else")
  func opensslVerify() throws {
    let folder = try TemporaryDirectory()
    try Data(root.pem.utf8).write(to: folder.file("ca.pem"))
    for (file, serial) in [("revoked", 3), ("good", 4)] {
      let leaf = try PathFixture.node("node.example", by: root) { $0.serial = .init(bytes: [UInt8(serial)]) }
      try Data(leaf.pem.utf8).write(to: folder.file(file))
    }
    let der = try CertificateRevocationList.issue(entries: Self.entries, by: issuer, update: update)
    try Data(Self.pem(der).utf8).write(to: folder.file("list.pem"))
    let command = ["verify", "-attime", "1900000100", "-CAfile", "ca.pem", "-CRLfile", "list.pem", "-crl_check"]
    #expect(try Tool.run("openssl", command + ["good"], in: folder.url).status == 0)
    let refused = try Tool.run("openssl", command + ["revoked"], in: folder.url)
    #expect(refused.status != 0 && refused.errors.contains("certificate revoked"))
  }

  @Test("a list that revokes nothing has no entries at all, and openssl reads it")
  func empty() throws {
    let der = try CertificateRevocationList.issue(entries: [], by: issuer, update: update)
    #expect(try CertificateRevocationList(der: der).entries.isEmpty)
    let text = try Tool.openssl("crl", "-inform", "DER", "-noout", "-text", input: Data(der)).text
    #expect(text.contains("No Revoked Certificates"))
  }

  @Test("dates from 2050 on are written as GeneralizedTime")
  func late() throws {
    let late = RevocationListUpdate(
      number: 1, thisUpdate: PathFixture.now, nextUpdate: Date(timeIntervalSince1970: 2_600_000_000))
    let der = try CertificateRevocationList.issue(entries: [], by: issuer, update: late)
    #expect(try CertificateRevocationList(der: der).nextUpdate == late.nextUpdate)
    let text = try Tool.openssl("crl", "-inform", "DER", "-noout", "-nextupdate", input: Data(der)).text
    #expect(text.contains("May 22 14:13:20 2052 GMT"))
  }

  @Test("an issuer whose keyUsage lacks cRLSign doesn't sign")
  func mayNotSign() throws {
    let mute = try PathFixture.authority("Mute") { $0.keyUsage = KeyUsage(keyCertSign: true) }
    #expect(throws: RevocationError.issuerMayNotSign) {
      try CertificateRevocationList.issue(
        entries: [], by: RevocationListIssuer(certificate: mute.certificate, key: mute.key), update: update)
    }
  }

  @Test("another key than the issuer's doesn't sign")
  func otherKey() throws {
    let other = Certificate.PrivateKey(P256.Signing.PrivateKey())
    #expect(throws: RevocationError.keyMismatch) {
      try CertificateRevocationList.issue(
        entries: [], by: RevocationListIssuer(certificate: root.certificate, key: other), update: update)
    }
  }

  @Test("a next update that isn't later is refused", arguments: [0.0, 0.5, -60])
  func period(seconds: Double) {
    let update = RevocationListUpdate(
      number: 1, thisUpdate: PathFixture.now, nextUpdate: PathFixture.now.addingTimeInterval(seconds))
    #expect(throws: RevocationError.invalidPeriod) {
      try CertificateRevocationList.issue(entries: [], by: issuer, update: update)
    }
  }

  @Test("no truncation and no changed octet traps, and none is taken for signed")
  func mutations() throws {
    let whole = try CertificateRevocationList.issue(entries: Self.entries, by: issuer, update: update)
    for offset in whole.indices {
      #expect(throws: RevocationError.self) { try CertificateRevocationList(der: Array(whole.prefix(offset))) }
      var changed = whole
      changed[offset] ^= 0x15
      let list = try? CertificateRevocationList(der: changed)
      #expect(list?.isSigned(by: root.key.publicKey) != true, "octet \(offset)")
    }
  }

  @Test("a signature is checked once for each key, and all copies of the list know the answer")
  func once() throws {
    let list = try CertificateRevocationList(
      der: CertificateRevocationList.issue(entries: [], by: issuer, update: update))
    let copy = list
    let other = P256.Signing.PrivateKey().publicKey.certificateKey
    #expect(list.isSigned(by: root.key.publicKey) && !list.isSigned(by: other))
    var asked = 0
    for (key, answer) in [(root.key.publicKey, true), (other, false)] {
      let known = copy.knownSigners.isSigned(by: key) {
        asked += 1
        return !answer
      }
      #expect(known == answer)
    }
    #expect(asked == 0)
  }

  @Test("verifying a path asks the list what it knows of its signature, instead of checking it again")
  func remembered() throws {
    let list = try CertificateRevocationList(
      der: CertificateRevocationList.issue(entries: [], by: issuer, update: update))
    var request = PathRequest(try PathFixture.node("node.example", by: root), trust: [root])
    request.revocationLists = [list]
    _ = list.knownSigners.isSigned(by: root.key.publicKey) { false }
    #expect(verify(request).rejection?.first == .revocationListUnusable("not signed by the key of CN=Root"))
  }

  @Test("many keys don't fill memory, and are answered right all the same")
  func manyKeys() throws {
    let signers = KnownSigners()
    let keys = (0..<40).map { _ in P256.Signing.PrivateKey().publicKey.certificateKey }
    var asked = 0
    for key in keys + keys {
      let isSigned = signers.isSigned(by: key) {
        asked += 1
        return true
      }
      #expect(isSigned)
    }
    #expect((41...79).contains(asked))
  }

  @Test("an oversized list is refused before it is read")
  func oversized() {
    let bytes = [UInt8](repeating: 0, count: CertificateRevocationList.sizeLimit + 1)
    #expect(throws: RevocationError.tooLarge(CertificateRevocationList.sizeLimit)) {
      try CertificateRevocationList(der: bytes)
    }
  }

  @Test("ten thousand entries are written, read and found")
  func many() throws {
    let entries = (1...10_000).map { RevokedCertificate(serial: .init($0), date: PathFixture.now) }
    let list = try CertificateRevocationList(
      der: CertificateRevocationList.issue(entries: entries, by: issuer, update: update))
    #expect(list.entries.count == 10_000)
    #expect(list.entry(for: .init(9_999)) != nil)
    #expect(list.entry(for: .init(10_001)) == nil)
  }

  @Test("reasons have the names that the command line takes")
  func reasons() {
    #expect(RevocationReason(text: "keyCompromise") == .keyCompromise)
    #expect(RevocationReason(text: "cACompromise") == .cACompromise)
    #expect(RevocationReason(text: "KeyCompromise") == nil)
    #expect(RevocationReason.cessationOfOperation.text == "cessationOfOperation")
  }
}

extension P256.Signing.PublicKey {
  var certificateKey: Certificate.PublicKey { Certificate.PublicKey(self) }
}
