import Diagnosis
import Foundation
import PKITestKit
import TLSRuntime
import Testing

@Suite("check against openssl s_server")
struct OpenSSLCheckTests {
  let pki: HandshakePKI

  init() throws {
    pki = try HandshakePKI.shared.get()
  }

  private func server(_ flags: String...) throws -> ServerProcess {
    try .openssl(pki.server, flags + ["-www"])
  }

  private var strict: [String] { ["-Verify", "1", "-verify_return_error", "-CAfile", pki.path("ca.crt"), "-www"] }

  @Test("in TLS 1.3 the refusal arrives after the client's success, and is read")
  func refusalsAfterHandshake() async throws {
    let server = try ServerProcess.openssl(pki.server, strict + ["-tls1_3"])
    let report = try await check(port: server.port, as: "client")
    #expect(report.outcome(.none) == afterHandshake(.certificateRequired))
    #expect(report.outcome(.foreign) == afterHandshake(.unknownCA))
    #expect(report.outcome(.own) == .accepted(.answered("HTTP/1.0 200 ok")))
    #expect(report.observation.stance == .required)
    #expect(report.isHealthy)
  }

  @Test("in TLS 1.2 the refusal ends the handshake")
  func refusalsDuringHandshake() async throws {
    let server = try ServerProcess.openssl(pki.server, strict + ["-tls1_2"])
    let report = try await check(port: server.port, as: "client")
    #expect(report.outcome(.none) == duringHandshake(.handshakeFailure))
    #expect(report.outcome(.foreign) == duringHandshake(.unknownCA))
    #expect(report.outcome(.own)?.isAccepted == true)
    #expect(report.observation.clientCertificateRequest.authorities == ["O=Example,CN=Test CA"])
    #expect(report.observation.certificates.first?.title == "CN=localhost")
  }

  @Test("an expired client certificate is refused and explained")
  func expiredClient() async throws {
    let server = try ServerProcess.openssl(pki.server, strict)
    let report = try await check(port: server.port, as: "expired")
    #expect(report.outcome(.own) == afterHandshake(.certificateExpired))
    #expect(report.diagnoses.first?.cause.contains("expired 2021-01-01T00:00:00Z") == true)
  }

  @Test("a server that names no CA is seen to ask for a certificate")
  func noAuthorities() async throws {
    let server = try server("-Verify", "1", "-verify_return_error", "-verifyCAfile", pki.path("ca.crt"))
    let report = try await check(port: server.port, as: "stranger")
    #expect(report.observation.clientCertificateRequest.authorities == [])
    #expect(report.outcome(.own) == afterHandshake(.unknownCA))
    #expect(report.diagnoses.first?.cause.contains("doesn't trust its issuer CN=Other CA") == true)
  }

  @Test("a server that requires a certificate and accepts any is a problem")
  func anyClient() async throws {
    let server = try server("-Verify", "1")
    let report = try await check(port: server.port, as: "client")
    #expect(report.outcome(.none) == afterHandshake(.certificateRequired))
    #expect(report.outcome(.foreign)?.isAccepted == true)
    #expect(report.codes == ["accepts-any-client"])
  }

  @Test("a server that stays silent after the handshake has accepted")
  func silent() async throws {
    let server = try ServerProcess.openssl(pki.server)
    let report = try await check(port: server.port) { $0.answerTimeout = .milliseconds(200) }
    #expect(report.outcome(.none) == .accepted(.stayedOpen))
  }

  @Test("a server without a common version ends before it presents itself")
  func oldVersion() async throws {
    let server = try server("-tls1_1", "-cipher", "ALL:@SECLEVEL=0")
    let report = try await check(port: server.port)
    #expect(report.outcome(.none) == duringHandshake(.protocolVersion))
    #expect(report.observation.tls == nil)
    #expect(report.codes == ["no-handshake"])
  }

  @Test("keys of each kind can be a server's", arguments: ["P-384", "P-521", "ED25519", "RSA"])
  func keyKinds(kind: String) async throws {
    let directory = try TemporaryDirectory()
    let key =
      kind == "RSA" ? ["rsa:2048"] : kind == "ED25519" ? ["ed25519"] : ["ec", "-pkeyopt", "ec_paramgen_curve:\(kind)"]
    try Tool.require(
      "openssl",
      ["req", "-x509", "-noenc", "-newkey"] + key + [
        "-keyout", "server.key", "-out", "server.crt", "-subj", "/CN=localhost", "-days", "5",
      ], in: directory.url)
    let files = ServerProcess.Files(
      certificate: directory.file("server.crt").path, key: directory.file("server.key").path,
      clientAuthorities: pki.path("ca.crt"))
    let server = try ServerProcess.openssl(files, ["-www"])
    let report = try await check(port: server.port)
    #expect(report.outcome(.none)?.isAccepted == true)
    #expect(report.codes.contains("chain-unknown-issuer"))
  }
}
