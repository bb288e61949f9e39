import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

/// Mosquitto stands in for Connectware's broker: both take the common name of a client's certificate for its user.
@Suite("agents at a broker")
struct MosquittoTests {
  private let directory: TemporaryDirectory
  private let company: Workbench
  private let supply: Supply

  /// Delivers a system with a custom authority, and writes what it delivers.
  init() throws {
    directory = try TemporaryDirectory()
    company = try Workbench(name: "Company CA")
    let own = try Workbench(name: "Cybus CA")
    let server = try company.credential(named: "connectware", hosts: ["localhost"], profile: .server)
    let system = try company.system(
      Connectware.self,
      """
      kind: connectware
      connectware:
        namespace: cybus
        customCA: {bundle: cybus_ca.crt, chain: ca-chain.pem, serverCert: server.crt, serverKey: server.key}
      agents: {namespace: cybus, connectwareHost: localhost, names: [bender-robots, welder-robots]}
      """)
    supply = try company.supply(
      system,
      files: [
        "cybus_ca.crt": own.issuer.certificate.pem, "ca-chain.pem": company.issuer.certificate.pem,
        "server.crt": server.chainPEM(), "server.key": server.keyPEM() ?? "",
      ])
    var random = SystemRandomNumberGenerator()
    try system.deliver(supply, using: &random).write(to: directory.url)
  }

  private func path(_ name: String) -> String { directory.file(name).path }

  /// Connectware with what its folder holds; each user may use the topics below its own name.
  private func broker(revoked: [Certificate] = []) throws -> ServerProcess {
    let list = try company.issuer.revocationList(
      revoked.map { RevokedCertificate(serial: $0.serialNumber, date: company.now) }, number: 1,
      thisUpdate: company.now - 60, nextUpdate: company.now + 3600)
    try Data(PEM.encode("X509 CRL", list).utf8).write(to: directory.file("crl.pem"))
    return try .mosquitto(
      .init(
        certificate: path("connectware/cybus_server.crt"), key: path("connectware/cybus_server.key"),
        clientAuthorities: path("connectware/cybus_ca.crt")),
      access: "pattern readwrite agents/%u/#", revocationList: path("crl.pem"))
  }

  /// What Mosquitto's client says to publishing with an agent's files.
  private func publish(
    _ agent: String?, to topic: String, at broker: ServerProcess, _ more: [String] = []
  ) throws -> Tool.Output {
    let credentials =
      agent.map { ["--cert", path("\($0)/tls.crt"), "--key", path("\($0)/tls.key")] } ?? []
    return try Tool.run(
      "mosquitto_pub",
      [
        "-V", "5", "-h", "localhost", "-p", "\(broker.port)", "-q", "1", "-t", topic, "-m", "hello", "--cafile",
        path("bender-robots/ca-chain.pem"),
      ] + credentials + more)
  }

  private func isAccepted(_ output: Tool.Output) -> Bool { output.status == 0 && output.errors.isEmpty }

  @Test("each agent is accepted as itself, and as no other")
  func agents() throws {
    let broker = try broker()
    for (agent, other) in [("bender-robots", "welder-robots"), ("welder-robots", "bender-robots")] {
      #expect(isAccepted(try publish(agent, to: "agents/\(agent)/state", at: broker)))
      let foreign = try publish(agent, to: "agents/\(other)/state", at: broker)
      #expect(foreign.errors.contains("Not authorized"))
      // A name that the client claims changes nothing.
      let claimed = try publish(agent, to: "agents/\(other)/state", at: broker, ["-u", other])
      #expect(claimed.errors.contains("Not authorized"))
    }
  }

  @Test("without a certificate, or with one by an unknown authority, there is no connection")
  func strangers() throws {
    let broker = try broker()
    let topic = "agents/bender-robots/state"
    #expect(try publish(nil, to: topic, at: broker).status != 0)
    let impostor = try Workbench(name: "Company CA").credential(named: "bender-robots")
    try FileManager.default.createDirectory(at: directory.file("impostor"), withIntermediateDirectories: true)
    try Data(try impostor.chainPEM().utf8).write(to: directory.file("impostor/tls.crt"))
    try Data((try impostor.keyPEM() ?? "").utf8).write(to: directory.file("impostor/tls.key"))
    #expect(try publish("impostor", to: topic, at: broker).status != 0)
  }

  @Test("a revoked agent is refused, and the other is not")
  func revocation() throws {
    let revoked = try #require(supply.credentials["bender-robots"]).leaf
    let broker = try broker(revoked: [revoked])
    #expect(try publish("bender-robots", to: "agents/bender-robots/state", at: broker).status != 0)
    #expect(isAccepted(try publish("welder-robots", to: "agents/welder-robots/state", at: broker)))
  }

  @Test("certificates as the documentation's commands make them pass the broker, and our rule says so")
  func handMade() throws {
    let folder = directory.file("by-hand")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Tool.openssl("genrsa", "-out", "tls.key", "2048", in: folder)
    try Tool.openssl("req", "-new", "-key", "tls.key", "-subj", "/CN=bender-robots", "-out", "tls.csr", in: folder)
    try Data(try company.issuer.certificate.pem.utf8).write(to: folder.appending(path: "ca.crt"))
    try Tool.openssl("genrsa", "-out", "ca.key", "2048", in: folder)
    try Tool.openssl("req", "-new", "-key", "ca.key", "-subj", "/CN=Hand CA", "-out", "ca.csr", in: folder)
    try Tool.openssl("x509", "-req", "-in", "ca.csr", "-signkey", "ca.key", "-out", "ca.crt", in: folder)
    try Tool.openssl(
      "x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tls.crt",
      "-days", "365", "-sha256", in: folder)
    func certificate(_ name: String) throws -> Certificate {
      let pem = try Data(contentsOf: folder.appending(path: name))
      return try Certificate(pemEncoded: String(decoding: pem, as: UTF8.self))
    }
    let (leaf, authority) = (try certificate("tls.crt"), try certificate("ca.crt"))
    #expect(leaf.version == .v1)
    #expect(ConnectwareIdentityRule(agent: "bender-robots", trust: [authority]).problems(of: [leaf]).isEmpty)
    let list = try CertificateRevocationList.issue(
      entries: [],
      by: .init(
        certificate: authority,
        key: KeyCoding.decode(
          Array(Data(contentsOf: folder.appending(path: "ca.key"))), passphrase: nil, legacy: nil)),
      update: .init(number: 1, thisUpdate: company.now - 60, nextUpdate: company.now + 3600))
    try Data(PEM.encode("X509 CRL", list).utf8).write(to: directory.file("hand.pem"))
    let broker = try ServerProcess.mosquitto(
      .init(
        certificate: path("connectware/cybus_server.crt"), key: path("connectware/cybus_server.key"),
        clientAuthorities: folder.appending(path: "ca.crt").path),
      access: "pattern readwrite agents/%u/#", revocationList: path("hand.pem"))
    #expect(isAccepted(try publish("by-hand", to: "agents/bender-robots/state", at: broker)))
  }
}
