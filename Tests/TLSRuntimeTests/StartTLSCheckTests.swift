import Diagnosis
import Foundation
import PKITestKit
import TLSRuntime
import Testing

@Suite("check with --starttls")
struct StartTLSCheckTests {
  let pki: HandshakePKI

  init() throws {
    pki = try HandshakePKI.shared.get()
  }

  @Test("NATS that verifies clients accepts ours alone")
  func natsVerify() async throws {
    let server = try ServerProcess.nats(pki.server, "verify: true")
    let report = try await check(port: server.port, as: "client", startTLS: .nats)
    #expect(report.outcome(.none) == afterHandshake(.badCertificate))
    #expect([afterHandshake(.badCertificate), afterHandshake(.unknownCA)].contains(report.outcome(.foreign)))
    #expect(report.outcome(.own) == .accepted(.answered("PONG")))
    #expect(report.observation.nats?.tlsRequired == true)
    #expect(report.observation.nats?.tlsVerify == true)
    #expect(report.observation.clientCertificateRequest.authorities == ["O=Example,CN=Test CA"])
    #expect(report.isHealthy)
  }

  @Test("NATS that does not verify clients asks for no certificate")
  func natsPlain() async throws {
    let server = try ServerProcess.nats(pki.server, "verify: false")
    let report = try await check(port: server.port, startTLS: .nats)
    #expect(report.observation.stance == .notRequested)
    #expect(report.outcome(.none) == .accepted(.answered("PONG")))
  }

  @Test("PostgreSQL with clientcert=verify-full refuses by message or by alert")
  func postgresVerifyFull() async throws {
    let server = try ServerProcess.postgres(
      pki.server, access: "hostssl all all 127.0.0.1/32 trust clientcert=verify-full", roles: ["node-1"])
    let report = try await check(port: server.port, as: "client", startTLS: .postgres)
    #expect(
      report.outcome(.none)
        == .refused(
          .init(.message(code: "28000", said: "connection requires a valid client certificate"), .afterHandshake)))
    #expect(report.outcome(.foreign) == afterHandshake(.unknownCA))
    #expect(report.outcome(.own) == .accepted(.answered("AuthenticationOk")))
    #expect(report.observation.stance == .required)
  }

  @Test("PostgreSQL without TLS says so")
  func postgresPlain() async throws {
    let server = try ServerProcess.postgres(nil, access: "host all all 127.0.0.1/32 trust")
    let endpoint = Endpoint(host: "127.0.0.1", port: server.port)
    await #expect(
      throws: ProbeError.tlsNotOffered(endpoint, .postgres, said: "it answered N to SSLRequest; ssl = on is missing")
    ) {
      try await check(port: server.port, startTLS: .postgres)
    }
  }

  @Test("a NATS server without TLS says so")
  func natsWithoutTLS() async throws {
    let server = try PlaintextListener(greeting: "INFO {\"version\":\"2.9.10\"}\r\n")
    let endpoint = Endpoint(host: "127.0.0.1", port: server.port)
    await #expect(
      throws: ProbeError.tlsNotOffered(endpoint, .nats, said: "tls_required and tls_available are not set in INFO")
    ) {
      try await check(port: server.port, startTLS: .nats)
    }
  }

  @Test("data in the clear behind the greeting never counts as sent under TLS")
  func injection() async throws {
    let server = try PlaintextListener(greeting: "INFO {\"tls_required\":true}\r\nPONG\r\n")
    let endpoint = Endpoint(host: "127.0.0.1", port: server.port)
    await #expect(throws: ProbeError.notTLS(endpoint, said: "data in the clear behind INFO")) {
      try await check(port: server.port, startTLS: .nats)
    }
  }

  @Test("a server of another protocol is quoted", arguments: StartTLSProtocol.allCases)
  func otherProtocol(startTLS: StartTLSProtocol) async throws {
    let server = try PlaintextListener(greeting: "220 mail.example.org ESMTP\r\n")
    let endpoint = Endpoint(host: "127.0.0.1", port: server.port)
    await #expect(throws: ProbeError.notTLS(endpoint, said: "220 mail.example.org ESMTP")) {
      try await check(port: server.port, startTLS: startTLS)
    }
  }
}
