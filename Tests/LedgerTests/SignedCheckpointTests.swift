import Credentials
import Foundation
import Ledger
import PKITestKit
import StoreTestKit
import SwiftASN1
import Testing
import X509

@Suite("A signed checkpoint")
struct SignedCheckpointTests {
  private let scratch: TemporaryDirectory
  private let root: Certificate
  private let leaf: Certificate
  private let key: Certificate.PrivateKey
  private let checkpoint = Checkpoint(sequence: 42, hash: [UInt8](repeating: 0xAB, count: 32))
  private let now: Date

  init() throws {
    let folder = try TemporaryDirectory()
    scratch = folder
    let extensions = folder.file("leaf.ext")
    try Data("keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n".utf8).write(to: extensions)
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    func path(_ name: String) -> String { "\(folder.path)/\(name)" }
    for name in ["root", "other"] {
      try Tool.require(
        "openssl",
        ["req", "-x509"] + curve + [
          "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).crt"),
        ])
    }
    try Tool.require(
      "openssl",
      ["req", "-new"] + curve + ["-subj", "/CN=orchestrator", "-keyout", path("leaf.key"), "-out", path("leaf.csr")])
    try Tool.require(
      "openssl",
      [
        "x509", "-req", "-in", path("leaf.csr"), "-CA", path("root.crt"), "-CAkey", path("root.key"), "-set_serial",
        "7", "-extfile", extensions.path, "-out", path("leaf.crt"),
      ])
    root = try Certificate(pemEncoded: String(contentsOfFile: path("root.crt"), encoding: .utf8))
    leaf = try Certificate(pemEncoded: String(contentsOfFile: path("leaf.crt"), encoding: .utf8))
    key = try Certificate.PrivateKey(pemEncoded: String(contentsOfFile: path("leaf.key"), encoding: .utf8))
    // Not before the certificates begin: a second may have gone by while they were made.
    now = Date(unixSeconds: Date().unixSeconds)
  }

  private func signed() throws -> SignedCheckpoint {
    try SignedCheckpoint(checkpoint, chain: [leaf], key: key, at: now)
  }

  @Test("is one file whose signature openssl verifies as it stands")
  func openssl() throws {
    let file = scratch.file("checkpoint")
    try Data(try signed().encode().utf8).write(to: file)
    try Data(checkpoint.encode().utf8).write(to: scratch.file("line"))
    func verify(_ root: String, _ content: String) throws -> Tool.Output {
      try Tool.run(
        "openssl",
        [
          "cms", "-verify", "-binary", "-inform", "PEM", "-in", file.path, "-content", scratch.file(content).path,
          "-CAfile", scratch.file(root).path, "-purpose", "any",
        ])
    }
    let output = try verify("root.crt", "line")
    #expect(output.status == 0, "\(output.errors)")
    #expect(output.text == checkpoint.encode())
    #expect(try verify("other.crt", "line").status != 0)
    #expect(try verify("root.crt", "root.crt").status != 0)
  }

  @Test("is read back and verified with its signer and time")
  func roundTrip() async throws {
    let (found, signature) = try SignedCheckpoint.decode(try signed().encode())
    #expect(found == checkpoint)
    let signer = try await #require(signature).verify(roots: [root])
    #expect(signer.certificate == leaf)
    #expect(signer.at == now)
  }

  @Test("of another authority, of another line or with an edited signature is refused")
  func refusals() async throws {
    let other = try Certificate(pemEncoded: String(contentsOfFile: scratch.file("other.crt").path, encoding: .utf8))
    await #expect(throws: LedgerError.self) { try await signed().verify(roots: [other]) }
    await #expect(throws: LedgerError.self) { try await signed().verify(roots: []) }
    let edited = try signed().encode().replacingOccurrences(of: "v1 42", with: "v1 43")
    let (found, signature) = try SignedCheckpoint.decode(edited)
    #expect(found.sequence == 43)
    await #expect(throws: LedgerError.checkpointSignature("it isn't the signer's signature of this checkpoint")) {
      try await #require(signature).verify(roots: [root])
    }
    #expect(throws: LedgerError.self) {
      try SignedCheckpoint(checkpoint, chain: [root], key: key, at: now)
    }
  }

  @Test("of several in one file the last counts, signed or not")
  func several() throws {
    let later = Checkpoint(sequence: 50, hash: checkpoint.hash)
    let both = try signed().encode() + SignedCheckpoint(later, chain: [leaf], key: key, at: now).encode()
    let (last, signature) = try SignedCheckpoint.decode(both)
    #expect(last == later)
    #expect(signature?.checkpoint == later)
    let (line, none) = try SignedCheckpoint.decode(try signed().encode() + later.encode())
    #expect(line == later)
    #expect(none == nil)
    let comment = "# intact: 5 events, 2 certificates\n"
    #expect(try SignedCheckpoint.decode(comment + later.encode()).0 == later)
  }

  @Test(
    "that can't be read is refused",
    arguments: [
      "", "-----BEGIN CMS-----\nAAAA\n-----END CMS-----\n",
      "countersign-checkpoint v1 1 \(String(repeating: "a", count: 64))\n-----BEGIN CMS-----\n!!\n",
    ])
  func unreadable(_ text: String) {
    #expect(throws: LedgerError.self) { try SignedCheckpoint.decode(text) }
  }

  @Test("with bytes that are no signature is refused")
  func garbage() async throws {
    let text = checkpoint.encode() + "-----BEGIN CMS-----\nMAMCAQA=\n-----END CMS-----\n"
    let signature = try #require(try SignedCheckpoint.decode(text).1)
    await #expect(throws: LedgerError.checkpointSignature("it can't be read")) {
      try await signature.verify(roots: [root])
    }
  }
}
