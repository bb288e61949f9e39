import Diagnosis
import Foundation
import PKITestKit
import TLSRuntime
import Testing

@Suite("check against nginx")
struct NginxCheckTests {
  let pki: HandshakePKI

  init() throws {
    pki = try HandshakePKI.shared.get()
  }

  private func nginx(_ files: String = "server", _ settings: String...) throws -> ServerProcess {
    try .nginx(pki.files(files), settings.joined(separator: "\n"))
  }

  private var mutual: String { "ssl_client_certificate \(pki.path("ca.crt")); ssl_verify_client on;" }

  @Test("nginx with ssl_verify_client refuses by HTTP 400 after the handshake", arguments: ["TLSv1.3", "TLSv1.2"])
  func mutualTLS(version: String) async throws {
    let server = try nginx("server", mutual, "ssl_protocols \(version);")
    let report = try await check(port: server.port, as: "client")
    #expect(
      report.outcome(.none)
        == .refused(.init(.http(status: 400, said: "No required SSL certificate was sent"), .afterHandshake)))
    #expect(
      report.outcome(.foreign)
        == .refused(.init(.http(status: 400, said: "The SSL certificate error"), .afterHandshake)))
    #expect(report.outcome(.own) == .accepted(.answered("HTTP/1.1 200 OK")))
    #expect(report.observation.stance == .required)
    #expect(report.observation.clientCertificateRequest.authorities == ["O=Example,CN=Test CA"])
    #expect(report.observation.tls?.version == (version == "TLSv1.3" ? .tls13 : .tls12))
    #expect(report.observation.tls?.group == .x25519)
    #expect(report.observation.tls?.askedForAnotherGroup == false)
    #expect(report.observation.server == .init(chain: .trusted(path: ["leaf", "root"]), name: .matches))
    #expect(report.codes == (version == "TLSv1.3" ? [] : ["no-tls-1.3"]))
    #expect(report.isHealthy)
  }

  @Test("the group is seen when the server asks for another", arguments: ["TLSv1.3", "TLSv1.2"])
  func group(version: String) async throws {
    let server = try nginx("server", "ssl_ecdh_curve secp384r1;", "ssl_protocols \(version);")
    let tls = try await check(port: server.port).observation.tls
    #expect(tls?.group?.description == "P-384")
    #expect(tls?.askedForAnotherGroup == (version == "TLSv1.3"))
  }

  @Test(
    "every cipher suite of TLS 1.3 can be opened to see the request",
    arguments: ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
  func cipherSuites(suite: String) async throws {
    let server = try nginx("server", mutual, "ssl_protocols TLSv1.3;", "ssl_conf_command Ciphersuites \(suite);")
    let observation = try await check(port: server.port).observation
    #expect(observation.tls?.cipherSuite.description == suite)
    #expect(observation.clientCertificateRequest.authorities == ["O=Example,CN=Test CA"])
  }

  @Test("a server that asks for no client certificate is told apart", arguments: ["TLSv1.3", "TLSv1.2"])
  func noRequest(version: String) async throws {
    let server = try nginx("server", "ssl_protocols \(version);")
    let report = try await check(port: server.port, as: "client")
    #expect(report.observation.clientCertificateRequest == .notRequested)
    #expect(report.observation.attempts.count == 1)
    #expect(report.codes.contains("client-certificate-not-requested"))
  }

  @Test("a server that asks but accepts everybody is a warning")
  func optional() async throws {
    let server = try nginx("server", "ssl_verify_client optional_no_ca;", "ssl_protocols TLSv1.3;")
    let report = try await check(port: server.port, as: "client")
    #expect(report.observation.stance == .optional)
    #expect(report.observation.clientCertificateRequest.authorities == [])
    #expect(report.outcome(.foreign)?.isAccepted == true)
    #expect(report.codes == ["client-certificate-optional"])
  }

  @Test("a client certificate of another CA is explained by the CA names asked for")
  func stranger() async throws {
    let server = try nginx("server", mutual)
    let report = try await check(port: server.port, as: "stranger")
    let diagnosis = try #require(report.diagnoses.first { $0.code == "own-certificate-refused" })
    #expect(diagnosis.cause.contains("issued by CN=Other CA, and the server asks for O=Example,CN=Test CA"))
    #expect(!report.isHealthy)
  }

  @Test("a certificate for servers only is refused, and the missing purpose is named")
  func purpose() async throws {
    let server = try nginx("server", mutual)
    let report = try await check(port: server.port, as: "server-only")
    let diagnosis = try #require(report.diagnoses.first { $0.code == "own-certificate-refused" })
    #expect(diagnosis.cause.contains("lacks clientAuth"))
  }

  @Test("an expired server certificate is seen although it is not acceptable")
  func expiredServer() async throws {
    let server = try nginx("expired-server")
    let report = try await check(port: server.port)
    #expect(report.codes.contains("expired"))
    #expect(report.observation.certificates.first?.facts?.dnsNames == ["localhost"])
    #expect(report.observation.certificates.first?.facts?.notAfter == Date(timeIntervalSince1970: 1_609_459_200))
  }

  @Test("a name that the certificate lacks is a problem, with the names that it has")
  func wrongName() async throws {
    let server = try nginx("server")
    let report = try await check(port: server.port, name: "db.example.org")
    let diagnosis = try #require(report.diagnoses.first)
    #expect(diagnosis.code == "name-mismatch")
    #expect(diagnosis.fix?.contains("localhost, 127.0.0.1") == true)
  }

  @Test("an intermediate that the server does not present is named")
  func missingIntermediate() async throws {
    let incomplete = try nginx("below")
    let complete = try nginx("below-chain")
    let report = try await check(port: incomplete.port)
    let diagnosis = try #require(report.diagnoses.first)
    #expect(diagnosis.code == "missing-issuer")
    #expect(diagnosis.evidence.contains("issuer CN=Test Intermediate"))
    let whole = try await check(port: complete.port)
    #expect(whole.isHealthy)
    #expect(whole.observation.certificates.map(\.title) == ["CN=localhost", "CN=Test Intermediate"])
  }

  @Test("the report reads as text and as JSON")
  func rendering() async throws {
    let server = try nginx("server", mutual, "ssl_protocols TLSv1.3;")
    let report = try await check(port: server.port, as: "client")
    let text = report.text
    #expect(text.contains("tls             TLS 1.3, TLS_AES_128_GCM_SHA256, X25519"))
    #expect(
      text.contains("  with none     refused with HTTP 400 after the handshake: No required SSL certificate was sent"))
    #expect(text.contains("  with ours     accepted: it answered \u{201C}HTTP/1.1 200 OK\u{201D}"))
    let json = try #require(
      try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
    #expect(json["healthy"] as? Bool == true)
    #expect(json["stance"] as? String == "required")
    #expect((json["tls"] as? [String: Any])?["group"] as? String == "X25519")
    #expect((json["clientCertificate"] as? [String: Any])?["authorities"] as? [String] == ["O=Example,CN=Test CA"])
    #expect((json["attempts"] as? [[String: Any]])?.map { $0["credential"] as? String } == ["none", "foreign", "own"])
  }
}
