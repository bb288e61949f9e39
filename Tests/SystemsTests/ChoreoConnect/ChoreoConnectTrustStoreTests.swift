import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

@Suite("the trust store of a Java backend")
struct ChoreoConnectTrustStoreTests {
  private let bench: Workbench
  private let directory: TemporaryDirectory
  private let password = "changeit"

  init() throws {
    bench = try Workbench()
    directory = try TemporaryDirectory()
  }

  private func delivered(
    _ store: String, present: [UInt8]? = nil, accepts: String = "authority", previous: [String: [UInt8]] = [:],
    password: String? = nil, supply given: Supply? = nil
  ) throws -> (artefact: Artefact, supply: Supply) {
    let system = try bench.choreo(
      ChoreoFixtures.entry(backend: "truststore: {path: \(store), passwordFile: pw}, accepts: \(accepts)"))
    var supply = try given ?? bench.choreoSupply(system)
    var files = ["pw": Array("\(password ?? self.password)\nsecond line\n".utf8)]
    files[store] = present
    supply.files = InputFiles(files)
    supply.previous = previous
    return (try #require(try bench.deliver(system, supply)[ChoreoFixtures.host, store]), supply)
  }

  private func keytool(_ arguments: String..., in store: [UInt8]) throws -> String {
    try Data(store).write(to: directory.file("listed"))
    return try Tool.require(
      "keytool", ["-list", "-keystore", "listed", "-storepass", password] + arguments, in: directory.url
    ).text
  }

  private func fingerprint(_ certificate: Certificate) throws -> String {
    let hex = try Fingerprint(certificate).description.uppercased()
    return stride(from: 0, to: hex.count, by: 2).map { hex.dropFirst($0).prefix(2) }.joined(separator: ":")
  }

  /// What an operator made with keytool: two certificates, one of them the public one under the alias of the text.
  private func operatorsStore(_ type: String) throws -> [UInt8] {
    let shipped = try ChoreoFixtures.lookAlike(in: directory)
    try Data(shipped.utf8).write(to: directory.file("shipped.pem"))
    try Data(PEM.encode(Workbench(name: "Other CA").issuer.certificate).utf8).write(to: directory.file("other.pem"))
    for (alias, file) in [("other", "other.pem"), ("router", "shipped.pem"), ("old-router", "shipped.pem")] {
      try Tool.require(
        "keytool",
        [
          "-importcert", "-noprompt", "-keystore", "made", "-storetype", type, "-storepass", password, "-alias", alias,
          "-file", file,
        ], in: directory.url)
    }
    return Array(try Data(contentsOf: directory.file("made")))
  }

  @Test("a new store holds the router's authority under the alias router", arguments: ["t.jks", "t.p12"])
  func new(path: String) throws {
    let (store, _) = try delivered(path)
    #expect(JKS.isLikely(store.bytes) == (path == "t.jks"))
    let listing = try keytool("-v", "-alias", "router", in: store.bytes)
    #expect(try listing.contains(fingerprint(bench.issuer.certificate)))
    #expect(try keytool(in: store.bytes).contains("1 entr"))
    #expect(store.role == .file && !store.isSecret && store.carries.isEmpty)
  }

  @Test("entries stay, the alias is replaced, and the public certificate goes", arguments: ["JKS", "PKCS12"])
  func merged(type: String) throws {
    let present = try operatorsStore(type)
    let (store, supply) = try delivered("t.jks", present: present)
    // Java writes PKCS#12 under that name too: the bytes decide.
    #expect(JKS.isLikely(store.bytes) == (type == "JKS"))
    let all = try keytool(in: store.bytes)
    #expect(all.contains("2 entries") && all.contains("other,") && !all.contains("old-router"))
    #expect(try keytool("-v", "-alias", "router", in: store.bytes).contains(fingerprint(bench.issuer.certificate)))
    #expect(store.role == .merged(into: "t.jks"))
    // Once more changes no byte, whether or not the operator took it over.
    let previous = ["\(ChoreoFixtures.host)/t.jks": store.bytes]
    #expect(try delivered("t.jks", present: present, previous: previous, supply: supply).artefact.bytes == store.bytes)
    #expect(try delivered("t.jks", present: store.bytes, supply: supply).artefact.bytes == store.bytes)
  }

  @Test("pinned, it holds the router's certificate itself, and changes with it")
  func pinned() throws {
    let (store, supply) = try delivered("t.jks", accepts: "router")
    let leaf = try #require(supply.credentials["router"]).leaf
    #expect(try keytool("-v", "-alias", "router", in: store.bytes).contains(fingerprint(leaf)))
    #expect(store.carries == ["router"])
    let other = try delivered("t.jks", present: store.bytes, accepts: "router")
    #expect(other.artefact.bytes != store.bytes)
    #expect(try keytool(in: other.artefact.bytes).contains("1 entr"))
  }

  @Test("two roots are two entries, and one of them goes again")
  func twoRoots() throws {
    let system = try bench.choreo()
    var supply = try bench.choreoSupply(system)
    let successor = try Workbench(name: "Next CA").issuer.certificate
    supply.credentials["router"]?.trust.append(successor)
    let (store, _) = try delivered("t.jks", supply: supply)
    #expect(try keytool("-v", "-alias", "router-2", in: store.bytes).contains(fingerprint(successor)))
    supply.credentials["router"]?.trust.removeLast()
    #expect(try keytool(in: delivered("t.jks", present: store.bytes, supply: supply).artefact.bytes).contains("1 entr"))
  }

  @Test(
    "a wrong password, no password, a file that is none, and a key under the alias are refused with the file's name")
  func refused() throws {
    let (store, _) = try delivered("t.jks")
    #expect(throws: FleetError.self) { try delivered("t.jks", present: store.bytes, password: "wrong-one") }
    #expect(throws: FleetError.self) { try delivered("t.jks", password: "") }
    #expect(throws: FleetError.self) { try delivered("t.jks", password: "short") }
    #expect(throws: FleetError.self) { try delivered("t.jks", present: Array("nothing".utf8)) }
    try Tool.require(
      "keytool",
      [
        "-genkeypair", "-keystore", "keys", "-storetype", "JKS", "-storepass", password, "-keypass", password,
        "-alias", "router", "-keyalg", "EC", "-dname", "CN=x",
      ], in: directory.url)
    let keys = Array(try Data(contentsOf: directory.file("keys")))
    do {
      _ = try delivered("t.jks", present: keys)
      Issue.record("accepted")
    } catch let error as FleetError {
      #expect(error.message == "t.jks: the alias \"router\" names a private key")
    }
  }

  @Test("keys of the operator's stay in the store, which is then a secret")
  func keysStay() throws {
    try Tool.require(
      "keytool",
      [
        "-genkeypair", "-keystore", "keys", "-storetype", "JKS", "-storepass", password, "-keypass", password,
        "-alias", "server", "-keyalg", "EC", "-dname", "CN=x",
      ], in: directory.url)
    let (store, _) = try delivered("t.jks", present: Array(try Data(contentsOf: directory.file("keys"))))
    let all = try keytool(in: store.bytes)
    #expect(all.contains("PrivateKeyEntry") && all.contains("2 entries") && store.isSecret)
  }
}
