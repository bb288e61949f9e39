import Credentials
import Formats
import Foundation
import PKITestKit
import SwiftASN1
import Systems
import Testing
import X509

@Suite("Choreo Connect between real servers")
struct ChoreoConnectServersTests {
  private let bench: Workbench
  private let directory: TemporaryDirectory
  private let delivery: Delivery

  private static let yaml = ChoreoFixtures.entry(
    backend: "truststore: {path: truststore.jks, passwordFile: pw}")
  private static let password = "changeit"

  init() throws {
    bench = try Workbench()
    directory = try TemporaryDirectory()
    let system = try bench.choreo(Self.yaml)
    let supply = try bench.choreoSupply(system, files: ["pw": Array(Self.password.utf8)])
    delivery = try bench.deliver(system, supply)
    try delivery.write(to: directory.url)
  }

  private func path(_ name: String) -> String { directory.file(name).path }
  private func backend(_ name: String) -> String { path("\(ChoreoFixtures.host)/\(name)") }
  private var certificate: String { path("router/resources/router/security/keystore/mg.pem") }
  private var key: String { path("router/resources/router/security/keystore/mg.key") }
  private var trust: String { path("apis/PetStore/Endpoint-certificates/\(ChoreoFixtures.host).crt") }

  private func nginxBackend() throws -> ServerProcess {
    try ServerProcess.nginx(
      .init(
        certificate: backend("backend.pem"), key: backend("backend.key"), clientAuthorities: backend("router-ca.pem")),
      "ssl_client_certificate \(backend("router-ca.pem")); ssl_verify_client on;")
  }

  /// What a client of the router gets from a backend, which lives as long.
  private func answer(
    of server: ServerProcess, _ change: (inout ServerProcess.Upstream) -> Void = { _ in }
  ) throws -> String {
    var upstream = ServerProcess.Upstream(
      port: server.port, name: ChoreoFixtures.host, trust: trust, certificate: certificate, key: key)
    change(&upstream)
    let router = try ServerProcess.nginxRouter(upstream)
    return try withExtendedLifetime(server) {
      try Tool.require(
        "curl", ["-s", "-w", "%{http_code}", "-o", "body", "http://127.0.0.1:\(router.port)/"], in: directory.url
      ).text
    }
  }

  /// Writes the credential of somebody else, and returns its files.
  private func stranger(_ credential: NodeCredential) throws -> (certificate: String, key: String) {
    try Data(credential.chainPEM().utf8).write(to: directory.file("stranger.pem"))
    try Data((credential.keyPEM() ?? "").utf8).write(to: directory.file("stranger.key"))
    return (path("stranger.pem"), path("stranger.key"))
  }

  @Test("a request goes through router and backend, each with exactly its own files")
  func through() throws {
    #expect(try answer(of: nginxBackend()) == "200")
    #expect(try String(contentsOf: directory.file("body"), encoding: .utf8) == "hello\n")
  }

  @Test("the backend refuses a router without a certificate, and one with the public key pair")
  func strangers() throws {
    let server = try nginxBackend()
    #expect(try answer(of: server) { ($0.certificate, $0.key) = (nil, nil) } == "400")
    let shipped = try TemporaryDirectory()
    _ = try ChoreoFixtures.lookAlike(in: shipped)
    let pair = (shipped.file("mg.pem").path, shipped.file("mg.key").path)
    #expect(try answer(of: server) { ($0.certificate, $0.key) = pair } == "400")
  }

  @Test("no other backend can play the router")
  func otherBackend() throws {
    let pair = (backend("backend.pem"), backend("backend.key"))
    #expect(try answer(of: nginxBackend()) { ($0.certificate, $0.key) = pair } == "400")
  }

  @Test("the router refuses a backend of another name, and of another authority")
  func refusedBackends() throws {
    let server = try nginxBackend()
    #expect(try answer(of: server) { $0.name = "other.example.org" } == "502")
    try Data(PEM.encode(Workbench(name: "Other CA").issuer.certificate).utf8).write(to: directory.file("other-ca.pem"))
    let other = path("other-ca.pem")
    #expect(try answer(of: server) { $0.trust = other } == "502")
  }

  @Test("ciphers that don't suit the backend's key give no handshake, as the rule says")
  func ciphers() throws {
    let server = try nginxBackend()
    func answer(_ ciphers: String) throws -> String {
      try self.answer(of: server) { ($0.protocols, $0.ciphers) = ("TLSv1.2", ciphers) }
    }
    #expect(try answer("ECDHE-ECDSA-AES128-GCM-SHA256") == "502")
    #expect(try answer("ECDHE-RSA-AES128-GCM-SHA256") == "200")
  }

  @Test("a self-signed backend is believed by its own certificate")
  func selfSigned() throws {
    let system = try bench.choreo(ChoreoFixtures.entry(backend: "selfSigned: true"))
    let delivery = try bench.deliver(system, bench.choreoSupply(system))
    try delivery.write(to: directory.url)
    #expect(try answer(of: nginxBackend()) == "200")
  }

  // MARK: - Java

  private func javaBackend(trustStore: String) throws -> ServerProcess {
    try Tool.openssl(
      "pkcs12", "-export", "-in", backend("backend.pem"), "-inkey", backend("backend.key"), "-out", "server.p12",
      "-passout", "pass:\(Self.password)", in: directory.url)
    return try ServerProcess.java(keyStore: path("server.p12"), trustStore: trustStore, password: Self.password)
  }

  /// The client's status: zero where it was let in.
  private func curl(_ server: ServerProcess, _ identity: (certificate: String, key: String)?) throws -> Int32 {
    var arguments = [
      "-s", "--cacert", path("router/backends-ca.pem"), "--resolve", "\(ChoreoFixtures.host):\(server.port):127.0.0.1",
      "https://\(ChoreoFixtures.host):\(server.port)/",
    ]
    if let identity { arguments += ["--cert", identity.certificate, "--key", identity.key] }
    return try withExtendedLifetime(server) { try Tool.run("curl", arguments).status }
  }

  @Test("a Java server lets the router in, and nobody without its authority or its usage")
  func java() throws {
    let server = try javaBackend(trustStore: backend("truststore.jks"))
    #expect(try curl(server, (certificate, key)) == 0)
    #expect(try curl(server, nil) != 0)
    #expect(try curl(server, (backend("backend.pem"), backend("backend.key"))) != 0)
    let other = try Workbench(name: "Other CA")
    let node = try #require(try bench.choreo().nodes(InputFiles()).first)
    #expect(try curl(server, stranger(other.choreoCredential(node))) != 0)
  }

  @Test("a Java server that accepts the router alone refuses other clients of the same authority")
  func pinnedJava() throws {
    let yaml = ChoreoFixtures.entry(
      backend: "truststore: {path: pinned.p12, passwordFile: pw}, accepts: router")
    let system = try bench.choreo(yaml)
    let supply = try bench.choreoSupply(system, files: ["pw": Array(Self.password.utf8)])
    try bench.deliver(system, supply).write(to: directory.url)
    let server = try javaBackend(trustStore: backend("pinned.p12"))
    #expect(try curl(server, (certificate, key)) == 0)
    let node = try #require(try system.nodes(InputFiles()).first)
    #expect(try curl(server, stranger(bench.choreoCredential(node))) != 0)
  }
}
