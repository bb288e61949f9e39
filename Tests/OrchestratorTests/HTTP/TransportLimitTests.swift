import Foundation
import NIOCore
import Orchestrator
import PKITestKit
import Testing

@Suite("the transport bears bad clients")
struct TransportLimitTests {
  @Test("a client that sends its header byte by byte is cut off")
  func slowHead() async throws {
    try await TransportServer.run {
      $0.limits.requestTimeout = .milliseconds(500)
    } _: { server in
      let answer1 = try await server.client("slow_head")
      #expect(answer1 == "closed\n")
      #expect(server.registry.counters.closings == [.requestTimeout: 1])
    }
  }

  @Test("a client that doesn't send its body is told so, and cut off")
  func slowBody() async throws {
    try await TransportServer.run {
      $0.limits.requestTimeout = .milliseconds(500)
    } _: { server in
      let answer2 = try await server.client("slow_body")
      #expect(answer2 == "HTTP/1.1 408 Request Timeout closed\n")
    }
  }

  @Test("a client that doesn't read its answers is cut off")
  func unread() async throws {
    try await TransportServer.run {
      $0.limits.writeTimeout = .milliseconds(300)
    } _: { server in
      async let client = server.client("unread")
      try await server.until { $0.closings[.writeTimeout] == 1 }
      try server.tell("read")
      let answer3 = try await client
      #expect(answer3 == "cut\n")
    }
  }

  @Test("a connection without requests is closed", arguments: ["stay"])
  func idle(kind: String) async throws {
    try await TransportServer.run {
      // As long as a client may be held up between its handshake and its request.
      $0.limits.idleTimeout = .seconds(5)
    } _: { server in
      let answer4 = try await server.client(kind)
      #expect(answer4.hasSuffix("closed\n"))
      #expect(server.registry.counters.closings == [.idleTimeout: 1])
    }
  }

  @Test("too many header fields, or too long ones, are refused", arguments: ["--http1.1", "--http2"])
  func headers(flag: String) async throws {
    try await TransportServer.run { server in
      let long = try await server.curl(
        "/who", as: nil, [flag, "-H", "X: " + String(repeating: "x", count: 40_000)])
      #expect(!long.text.contains("127.0.0.1"))
      let fields = try await server.client("many_fields", 200)
      #expect(fields == "HTTP/1.1 431 Request Header Fields Too Large\n")
      let answer5 = try await server.client("many_fields", 50)
      #expect(answer5 == "HTTP/1.1 200 OK\n")
    }
  }

  @Test("a body past the limit is refused, announced or not", arguments: ["--http1.1", "--http2"])
  func body(flag: String) async throws {
    try await TransportServer.run {
      $0.limits.bodySize = 100_000
      // A client that sends more hears of the refusal before the connection ends.
      $0.limits.lingerTimeout = .minutes(1)
    } _: { server in
      let directory = try TemporaryDirectory()
      try Data(repeating: 0x61, count: 3 << 20).write(to: directory.file("large"))
      try Data(repeating: 0x61, count: 100_000).write(to: directory.file("small"))
      let large = "@" + directory.file("large").path
      let status = ["-o", "/dev/null", "-w", "%{http_code}"]
      for framing in ["Expect:", "Transfer-Encoding: chunked"] where flag == "--http1.1" || framing == "Expect:" {
        let output = try await server.curl(
          "/echo", as: nil, [flag, "-H", framing, "--data-binary", large] + status)
        #expect(output.text == "413", "\(output.errors)")
      }
      for expectation in ["Expect:", "Expect: 100-continue"] {
        let output = try await server.curl(
          "/echo", as: nil, [flag, "-H", expectation, "--data-binary", "@" + directory.file("small").path])
        #expect(output.text == "100000\n", "\(output.errors)")
      }
    }
  }

  @Test("a client that resets its streams as soon as they are open is told to calm down")
  func rapidReset() async throws {
    try await TransportServer.run { server in
      let answer6 = try await server.client("rapid_reset", 1000)
      #expect(answer6 == "GOAWAY 11 closed\n")
      let answer7 = try await server.curl("/who", as: nil, ["--http2"]).status
      #expect(answer7 == 0)
    }
  }

  @Test("connections that never begin are closed in time, and make room for those that do")
  func halfOpen() async throws {
    try await TransportServer.run {
      $0.limits.connections = 50
      $0.limits.handshakeTimeout = .seconds(10)
    } _: { server in
      async let crowd = server.client("half_open", 200)
      // Whoever comes after the crowd crowds out, and isn't crowded out.
      try await server.until { _ in server.wasTold("connected") }
      // Each takes the place of the oldest on its event loop, or on another; time takes the others.
      try await server.until { counters in
        [.crowdedOut, .tooManyConnections, .handshakeTimeout].reduce(0) { $0 + counters.closings[$1, default: 0] }
          >= 150
      }
      for _ in 0..<5 {
        let status = try await server.curl("/who").status
        #expect(status == 0)
      }
      let answer9 = try await crowd
      #expect(answer9 == "open\n200 closed\n")
      try await server.until { $0.open == 0 && $0.handshaking == 0 }
    }
  }

  @Test("one address gets no more than its share")
  func perAddress() async throws {
    try await TransportServer.run {
      $0.limits.connectionsPerAddress = 3
      $0.limits.handshakeTimeout = .seconds(10)
    } _: { server in
      let answer10 = try await server.client("half_open", 10)
      #expect(answer10 == "open\n10 closed\n")
      #expect(server.registry.counters.closings[.tooManyFromAddress] ?? 0 >= 7)
      // A place is free a moment after the client heard of the end.
      try await server.until { $0.open == 0 }
      let answer11 = try await server.curl("/who").status
      #expect(answer11 == 0)
    }
  }

  @Test("HTTP spoken to the TLS port gets nothing")
  func plainOnSecure() async throws {
    try await TransportServer.run { server in
      let answer12 = try await server.client("plain")
      #expect(answer12 == "0 closed\n")
      #expect(server.registry.counters.handshakes == [.notTLS: 1])
    }
  }

  @Test("the plain listener answers without TLS")
  func plain() async throws {
    try await TransportServer.run {
      $0.isSecure = false
    } _: { server in
      let url = "http://127.0.0.1:\(server.port)/who"
      let output = try await offPool { try Tool.require("curl", ["-sS", "-m", "60", url, url]) }
      #expect(output.text == "127.0.0.1 plain anonymous\n127.0.0.1 plain anonymous\n")
      #expect(server.registry.counters.accepted == 1)
    }
  }

  @Test("a connection is closed after the answer where the client wants it so", arguments: ["1.0", "1.1"])
  func closing(version: String) async throws {
    try await TransportServer.run {
      $0.isSecure = false
    } _: { server in
      let answer13 = try await server.client("last_request", version == "1.0" ? 0 : 1)
      #expect(answer13 == "HTTP/1.1 200 OK closed\n")
    }
  }

  @Test(
    "addresses are shown and counted as clients have them",
    arguments: [
      ("192.0.2.7", "192.0.2.7", 4), ("::ffff:192.0.2.7", "192.0.2.7", 4), ("2001:db8::7", "2001:db8::7", 8),
    ])
  func addresses(address: String, text: String, count: Int) throws {
    let source = SourceAddress(try SocketAddress(ipAddress: address, port: 1))
    #expect(source.text == text)
    #expect(source.network.count == count)
  }
}
