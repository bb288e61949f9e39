import Credentials
import Diagnosis
import Foundation
import PKITestKit
import TLSRuntime
import Testing

@Suite("check of what is no TLS server")
struct UnreachableServerTests {
  private func endpoint(_ port: Int) -> Endpoint { Endpoint(host: "127.0.0.1", port: port) }

  @Test("a port where nothing listens refuses the connection")
  func refused() async throws {
    let port = try ServerProcess.freePort()
    let error = await #expect(throws: ProbeError.self) { try await check(port: port) }
    #expect(error == .connectionRefused(endpoint(port)))
    #expect(error?.kind == .environment)
    #expect(error?.message == "connection to 127.0.0.1:\(port) refused")
  }

  @Test("a host name without an address is named")
  func unknownHost() async throws {
    let error = await #expect(throws: ProbeError.self) {
      try await check(port: 443) { $0.endpoint = Endpoint(host: "nowhere.invalid", port: 443) }
    }
    #expect(error == .hostNotFound("nowhere.invalid"))
  }

  @Test("a server that speaks first in another protocol is quoted")
  func plaintextGreeting() async throws {
    let server = try PlaintextListener(greeting: "SSH-2.0-OpenSSH_9.2\r\n")
    let error = await #expect(throws: ProbeError.self) { try await check(port: server.port) }
    #expect(error == .notTLS(endpoint(server.port), said: "SSH-2.0-OpenSSH_9.2"))
    #expect(error?.kind == .refused)
  }

  @Test("a server that never answers ends in a timeout of its own", arguments: [nil, StartTLSProtocol.postgres])
  func hanging(startTLS: StartTLSProtocol?) async throws {
    let server = try PlaintextListener(greeting: "")
    let error = await #expect(throws: ProbeError.self) {
      try await check(port: server.port, startTLS: startTLS) { $0.handshakeTimeout = .milliseconds(200) }
    }
    let expected: ProbeError =
      startTLS.map { .greetingTimedOut(endpoint(server.port), $0, after: .milliseconds(200)) }
      ?? .handshakeTimedOut(endpoint(server.port), after: .milliseconds(200))
    #expect(error == expected)
    #expect(error?.message.hasSuffix("within 200ms") == true)
  }

  @Test("endpoints are read with names, addresses and brackets")
  func endpoints() {
    #expect(Endpoint(parsing: "example.org:443") == Endpoint(host: "example.org", port: 443))
    #expect(Endpoint(parsing: "[::1]:8443") == Endpoint(host: "::1", port: 8443))
    #expect(Endpoint(parsing: "[::1]:8443")?.description == "[::1]:8443")
    for bad in [
      "example.org", "example.org:", "example.org:0", "example.org:65536", "::1:443", ":443", "a b:443", "[::1]443",
    ] {
      #expect(Endpoint(parsing: bad) == nil, "\(bad)")
    }
  }
}
