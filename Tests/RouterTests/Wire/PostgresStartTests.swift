import Router
import Testing

@Suite("how a client of PostgreSQL begins")
struct PostgresStartTests {
  /// What psql 15 sends first with `sslmode=prefer`, and after the answer `N`.
  private let sslRequest: [UInt8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F]
  private let startup = WireBytes.hex(
    """
    0000002e 00030000
    7573657200 7500 646174616261736500 6400 6170706c69636174696f6e5f6e616d6500 6100 00
    """)
  /// 1234.5680.
  private let gssRequest: [UInt8] = [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x30]
  /// 1234.5678, a process and a key.
  private let cancelRequest: [UInt8] = [0, 0, 0, 16, 0x04, 0xD2, 0x16, 0x2E, 0, 0, 0x30, 0x39, 1, 2, 3, 4]

  private func message(length: Int, _ code: [UInt8]) -> [UInt8] {
    [0, 0, UInt8(length >> 8), UInt8(length & 0xFF)] + code + [UInt8](repeating: 0, count: max(0, length - 8))
  }

  @Test("each first message is known")
  func messages() {
    #expect(WireBytes.postgres(sslRequest) == .parsed(.sslRequest, length: 8))
    #expect(WireBytes.postgres(gssRequest) == .parsed(.gssEncryptionRequest, length: 8))
    #expect(WireBytes.postgres(cancelRequest) == .parsed(.cancelRequest, length: 16))
    #expect(WireBytes.postgres(startup) == .parsed(.startup(version: 0x0003_0000), length: 46))
    #expect(PostgresStart.sslRequestMessage == sslRequest)
  }

  @Test("a message is read only when it is there in full")
  func truncated() {
    for bytes in [sslRequest, gssRequest, cancelRequest, startup] {
      for length in bytes.indices {
        #expect(WireBytes.postgres(Array(bytes[..<length])) == .needsMore, "\(length) of \(bytes)")
      }
    }
  }

  @Test("TLS that isn't asked for takes no bytes")
  func directTLS() {
    #expect(WireBytes.postgres([0x16]) == .parsed(.directTLS, length: 0))
    #expect(WireBytes.postgres([0x16, 3, 1, 0, 200]) == .parsed(.directTLS, length: 0))
  }

  @Test("bytes that don't wait for the answer are refused")
  func stuffed() {
    #expect(WireBytes.postgres(sslRequest + [0]).isMalformed)
    #expect(WireBytes.postgres(sslRequest + startup).isMalformed)
    #expect(WireBytes.postgres(gssRequest + [0x16]).isMalformed)
    // In the clear anything may follow.
    #expect(WireBytes.postgres(startup + [0x70]) == .parsed(.startup(version: 0x0003_0000), length: 46))
  }

  @Test("lengths are from 8 to 10000 bytes")
  func lengths() {
    let longest = message(length: 10_000, [0, 3, 0, 0])
    #expect(WireBytes.postgres(longest) == .parsed(.startup(version: 0x0003_0000), length: 10_000))
    for length: [UInt8] in [
      [0, 0, 0, 0], [0, 0, 0, 7], [0, 0, 0x27, 0x11], [0, 1, 0, 0], [0, 0xFF, 0xFF, 0xFF],
    ] {
      #expect(WireBytes.postgres(length).isMalformed, "\(length)")
    }
    // A message has the length of its kind.
    #expect(WireBytes.postgres(message(length: 9, [0x04, 0xD2, 0x16, 0x2F])).isMalformed)
    #expect(WireBytes.postgres(message(length: 9, [0x04, 0xD2, 0x16, 0x30])).isMalformed)
    #expect(WireBytes.postgres(message(length: 8, [0, 3, 0, 0])).isMalformed)
    for (length, isParsed) in [(8, false), (15, false), (16, true), (268, true), (269, false)] {
      #expect(WireBytes.postgres(message(length: length, [0x04, 0xD2, 0x16, 0x2E])).isParsed == isParsed, "\(length)")
    }
  }

  @Test("only version 3 of the protocol is spoken, with any minor version")
  func versions() {
    let newer = message(length: 20, [0, 3, 0, 2])
    #expect(WireBytes.postgres(newer) == .parsed(.startup(version: 0x0003_0002), length: 20))
    for code: [UInt8] in [[0, 2, 0, 0], [0, 4, 0, 0], [0, 0, 0, 0], [0x04, 0xD2, 0x16, 0x31], [0xFF, 0xFF, 0, 0]] {
      #expect(WireBytes.postgres(message(length: 20, code)).isMalformed, "\(code)")
    }
  }

  @Test("what isn't PostgreSQL's protocol is known at its first byte")
  func foreign() {
    for text in ["G", "P", "\r", "\u{15}"] { #expect(WireBytes.postgres(Array(text.utf8)).isMalformed, "\(text)") }
  }
}
