import Foundation
import NIOCore
import Orchestrator
import PKITestKit
import TLSRuntime
import Testing

@Suite("the transport lets in who may come")
struct TransportAdmissionTests {
  @Test("a client without a certificate is let in, over HTTP/1.1 and HTTP/2", arguments: ["1.1", "2"])
  func anonymous(version: String) async throws {
    try await TransportServer.run { server in
      let flag = version == "2" ? "--http2" : "--http1.1"
      let output = try await server.curl("/who", as: nil, [flag, "-w", "%{http_version}"])
      #expect(output.text == "127.0.0.1 tls anonymous\n\(version)", "\(output.errors)")
      #expect(server.registry.counters.handshakes == [.withoutCertificate: 1])
    }
  }

  @Test("nothing older than TLS 1.3 is spoken (RFC 7030 §3.3)")
  func version() async throws {
    try await TransportServer.run { server in
      let output = try await server.curl("/who", as: nil, ["--tls-max", "1.2"])
      // 35: the handshake failed.
      #expect(output.status == 35 && output.text.isEmpty, "\(output.errors)")
    }
  }

  @Test("a client with one of our certificates is known by it", arguments: ["--http1.1", "--http2"])
  func own(flag: String) async throws {
    try await TransportServer.run { server in
      let output = try await server.curl("/who", as: "node", [flag])
      #expect(output.text == "127.0.0.1 tls own CN=node\n", "\(output.errors)")
    }
  }

  @Test("a partner's client is known as the partner's, and only where the partner is trusted")
  func partner() async throws {
    try await TransportServer.run {
      $0.partners = true
    } _: { server in
      let output = try await server.curl("/who", as: "friend")
      #expect(output.text == "127.0.0.1 tls partner Partner CN=friend\n", "\(output.errors)")
    }
    try await TransportServer.run { server in
      let answer1 = try await server.curl("/who", as: "friend").status
      #expect(answer1 != 0)
    }
  }

  @Test(
    "certificates that are no good end the handshake",
    arguments: [("stranger", "untrusted"), ("expired", "expired"), ("sideways", "untrusted")])
  func refused(name: String, cause: String) async throws {
    try await TransportServer.run { server in
      let output = try await server.curl("/who", as: name)
      #expect(output.status != 0)
      #expect(output.text.isEmpty)
      // The client hears the alert before it is counted.
      #expect(try await eventually { server.registry.counters.handshakes == [.refused(cause): 1] })
      let answer2 = try await server.curl("/who", as: "node").status
      #expect(answer2 == 0)
    }
  }

  @Test("a certificate that is revoked is refused in a resumed session, though resuming verifies nothing")
  func resumedAndRevoked() async throws {
    try await TransportServer.run { server in
      let session = try TemporaryDirectory()
      let file = session.file("session").path
      let first = try await resume(server, ["-sess_out", file], as: "revoked")
      #expect(first.text.contains("own CN=revoked"), "\(first.errors)")
      // Without a certificate: the session alone says who it is.
      let second = try await resume(server, ["-sess_in", file])
      #expect(second.text.contains("Reused"))
      #expect(second.text.contains("own CN=revoked"))
      server.revocations.insert(try TransportPKI.shared.get().revocation(of: "revoked"))
      let third = try await resume(server, ["-sess_in", file])
      #expect(!third.text.contains("own CN=revoked"))
      #expect(!third.text.contains("200 OK"))
      #expect(server.registry.counters.handshakes[.refused("revoked")] == 1)
    }
  }

  @Test("a session of a certificate that has expired since is refused")
  func resumedAndExpired() async throws {
    try await TransportServer.run { server in
      let session = try TemporaryDirectory()
      let file = session.file("session").path
      let answer3 = try await resume(server, ["-sess_out", file], as: "node")
      #expect(answer3.text.contains("own CN=node"))
      server.clock.advance(by: 2 * 86_400)
      let second = try await resume(server, ["-sess_in", file])
      #expect(!second.text.contains("200 OK"))
      #expect(server.registry.counters.handshakes[.refused("expired")] == 1)
    }
  }

  @Test("sessions end with the context that they began in")
  func sessionsEndWithContext() async throws {
    try await TransportServer.run { server in
      let pki = try TransportPKI.shared.get()
      let session = try TemporaryDirectory()
      let file = session.file("session").path
      let answer4 = try await resume(server, ["-sess_out", file], as: "node")
      #expect(answer4.text.contains("own CN=node"))
      try server.contexts.replace(
        .init(trust: pki.trust().authorities, credential: pki.renewedCredential()), at: Date())
      let second = try await resume(server, ["-sess_in", file])
      #expect(second.text.contains("New, TLSv1.3"))
      #expect(second.text.contains("anonymous"))
    }
  }

  private func resume(
    _ server: TransportServer, _ flags: [String], as name: String? = nil
  ) async throws -> Tool.Output {
    let pki = try TransportPKI.shared.get()
    var arguments = ["s_client", "-connect", "127.0.0.1:\(server.port)", "-CAfile", pki.path("root.crt"), "-ign_eof"]
    if let name {
      arguments += ["-cert", pki.path("\(name).crt"), "-key", pki.path("\(name).key")]
      arguments += ["-cert_chain", pki.path("\(name).crt")]
    }
    arguments += flags
    let request = Data("GET /who HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    return try await offPool { [arguments] in try Tool.run("openssl", arguments, input: request) }
  }
}

@Suite("the transport closes what has to end")
struct TransportClosingTests {
  @Test("a live connection is closed when its certificate is revoked")
  func revoked() async throws {
    try await TransportServer.run { server in
      async let client = server.client("stay")
      try await server.untilAnswered()
      server.revocations.insert(try TransportPKI.shared.get().revocation(of: "node"))
      let answer5 = try await client
      #expect(answer5 == "127.0.0.1 tls own CN=node\nclosed\n")
      #expect(server.registry.counters.closings == [.peerRevoked: 1])
    }
  }

  @Test("a live connection is closed when trust in it is withdrawn, and not when another's certificate is revoked")
  func untrusted() async throws {
    try await TransportServer.run { server in
      async let client = server.client("stay")
      try await server.untilAnswered()
      server.revocations.insert(try TransportPKI.shared.get().revocation(of: "live"))
      #expect(server.registry.counters.closings.isEmpty)
      server.registry.close(for: .peerUntrusted) { _ in true }
      let answer6 = try await client
      #expect(answer6 == "127.0.0.1 tls own CN=node\nclosed\n")
      #expect(server.registry.counters.closings == [.peerUntrusted: 1])
    }
  }

  @Test("a live connection is closed when its certificate expires")
  func expired() async throws {
    try await TransportServer.run { server in
      async let client = server.client("stay")
      try await server.untilAnswered()
      server.clock.advance(by: 2 * 86_400)
      let answer7 = try await client
      #expect(answer7.hasSuffix("closed\n"))
      #expect(server.registry.counters.closings == [.peerExpired: 1])
    }
  }

  @Test("no request is lost while the certificate is replaced again and again")
  func replacing() async throws {
    try await TransportServer.run { server in
      let pki = try TransportPKI.shared.get()
      async let client = server.client("load", 100)
      for _ in 0..<20 {
        try server.contexts.replace(
          .init(trust: pki.trust().authorities, credential: pki.renewedCredential()), at: Date())
        server.admission.replace(pki.trust())
        server.registry.close(for: .peerUntrusted) { _ in false }
        try await Task.sleep(for: .milliseconds(10))
      }
      let answer8 = try await client
      #expect(answer8 == "0 failures []\n")
    }
  }

  @Test("a credential that can't serve leaves the old one in force")
  func unusable() async throws {
    try await TransportServer.run { server in
      let pki = try TransportPKI.shared.get()
      var wrong = pki.credential
      wrong.key = pki.issuer.key
      #expect(throws: (any Error).self) {
        try server.contexts.replace(.init(trust: pki.trust().authorities, credential: wrong), at: Date())
      }
      #expect(throws: (any Error).self) {
        try server.contexts.replace(
          .init(trust: pki.trust().authorities, credential: pki.credential), at: Date() + 2 * 86_400)
      }
      let answer9 = try await server.curl("/who").status
      #expect(answer9 == 0)
    }
  }

  @Test("at the end, requests under way are answered and idle connections closed", arguments: ["--http1.1", "--http2"])
  func graceful(flag: String) async throws {
    try await TransportServer.run { server in
      async let idle = server.client("stay")
      async let busy = server.curl("/wait", as: nil, [flag])
      for await _ in server.waiting { break }
      try await server.untilAnswered()
      await server.shutDown()
      let answer10 = try await idle
      #expect(answer10.hasSuffix("closed\n"))
      server.release.yield()
      let answer11 = try await busy.text
      #expect(answer11 == "done\n")
    }
  }
}

extension TransportServer {
  /// Waits for something to have happened, and not for ever.
  func until(_ condition: (TransportCounters) -> Bool) async throws {
    for _ in 0..<60_000 {
      if condition(registry.counters) { return }
      try await Task.sleep(for: .milliseconds(5))
    }
    throw DidNotHappen(counters: registry.counters)
  }

  /// Waits until the client that stays has its answer.
  func untilAnswered() async throws { try await until { _ in wasTold("answered") } }
}

struct DidNotHappen: Error {
  let counters: TransportCounters
}
