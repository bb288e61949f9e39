import Router
import Testing

@Suite("what a ClientHello asks for")
struct ClientHelloTests {
  /// `openssl s_client -servername Edge.Example.org -alpn h2,http/1.1` of OpenSSL 3.0.
  private let openssl = WireBytes.hex(
    """
    160301014f0100014b03037182328895d0424b225d4085a40e38676db47be872f0aed4dda2c8f7b4819f61208737e360
    ee1a553ee05ae6c97b1518ae567298130ac9223a5890b6a81fb8a610003e130213031301c02cc030009fcca9cca8ccaa
    c02bc02f009ec024c028006bc023c0270067c00ac0140039c009c0130033009d009c003d003c0035002f00ff010000c4
    000000150013000010456467652e4578616d706c652e6f7267000b000403000102000a00160014001d0017001e001900
    1801000101010201030104002300000010000e000c02683208687474702f312e310016000000170000000d002a002804
    0305030603080708080809080a080b080408050806040105010601030303010302040205020602002b00090803040303
    03020301002d00020101003300260024001d00205e72d5cd54cf0289c5cf859e1463a4483d4f2e81534e3b5588631696
    4d40ea70
    """)
  /// `openssl s_client -tls1_2 -noservername`.
  private let opensslTLS12 = WireBytes.hex(
    """
    16030100830100007f0303113c8e0505f83788364dc250c4a839f59341773ec695f9c33c99a2142c3032e9000004c02b
    00ff01000052000b000403000102000a000c000a001d0017001e00190018002300000016000000170000000d002a0028
    040305030603080708080809080a080b080408050806040105010601030303010302040205020602
    """)

  private func record(_ fragment: [UInt8]) -> [UInt8] {
    [22, 3, 1] + WireBytes.vector(fragment)
  }

  private func message(_ body: [UInt8]) -> [UInt8] {
    [1, UInt8(body.count >> 16), UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)] + body
  }

  /// Version 3.3, a random value, no session, one cipher suite, no compression.
  private var beginning: [UInt8] {
    [3, 3] + [UInt8](repeating: 7, count: 32) + [0, 0, 2, 0x13, 0x01, 1, 0]
  }

  private func hello(_ extensions: [UInt8]) -> [UInt8] {
    message(beginning + WireBytes.vector(extensions))
  }

  private func parse(extensions: [UInt8]) -> Parsing<ClientHello> {
    WireBytes.clientHello(record(hello(extensions)))
  }

  private func anExtension(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    [0, type] + WireBytes.vector(content)
  }

  private func hostName(_ name: String) -> [UInt8] {
    [0] + WireBytes.vector(Array(name.utf8))
  }

  private func serverName(_ name: String) -> [UInt8] {
    anExtension(0, WireBytes.vector(hostName(name)))
  }

  private func protocols(_ names: [[UInt8]]) -> [UInt8] {
    anExtension(16, WireBytes.vector(names.flatMap { [UInt8($0.count)] + $0 }))
  }

  private func versions(_ bytes: [UInt8]) -> [UInt8] {
    anExtension(43, [UInt8(bytes.count)] + bytes)
  }

  /// A byte in each record but the last, which has the rest.
  private func split(_ message: [UInt8], into count: Int) -> [UInt8] {
    let single = message.prefix(count - 1).flatMap { record([$0]) }
    return single + record(Array(message.dropFirst(count - 1)))
  }

  private let expected = ClientHello(
    serverName: "edge.example.org", applicationProtocols: ["h2", "http/1.1"], highestVersion: 0x0304)

  @Test("hellos of OpenSSL are read")
  func openSSL() {
    #expect(WireBytes.clientHello(openssl) == .parsed(expected, length: 340))
    let older = ClientHello(serverName: nil, applicationProtocols: [], highestVersion: 0x0303)
    #expect(WireBytes.clientHello(opensslTLS12) == .parsed(older, length: 136))
    // What follows the record isn't looked at.
    #expect(WireBytes.clientHello(openssl + [0xFF, 0xFF]) == .parsed(expected, length: 340))
  }

  @Test("a hello is read only when it is there in full")
  func truncated() {
    let pieces = split(Array(openssl.dropFirst(5)), into: 7)
    for bytes in [openssl, opensslTLS12, pieces] {
      #expect(WireBytes.clientHello(bytes).isParsed)
      for length in bytes.indices {
        #expect(WireBytes.clientHello(Array(bytes[..<length])) == .needsMore, "\(length) of \(bytes.count) bytes")
      }
    }
  }

  @Test("a hello may be split over up to 32 records")
  func manyRecords() {
    let message = Array(openssl.dropFirst(5))
    for count in 1...32 {
      let bytes = split(message, into: count)
      #expect(WireBytes.clientHello(bytes) == .parsed(expected, length: message.count + 5 * count), "\(count)")
    }
    #expect(WireBytes.clientHello(split(message, into: 33)).isMalformed)
  }

  @Test("a hello of 64 KiB is the longest")
  func longest() {
    let padding = anExtension(21, [UInt8](repeating: 0, count: 65_000))
    let whole = hello(serverName("example.org") + padding)
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: whole.count, by: 16_384) {
      bytes += record(Array(whole[start..<min(start + 16_384, whole.count)]))
    }
    let found = ClientHello(serverName: "example.org", applicationProtocols: [], highestVersion: 0x0303)
    #expect(WireBytes.clientHello(bytes) == .parsed(found, length: bytes.count))
    #expect(WireBytes.clientHello(Array(bytes.dropLast())) == .needsMore)
    // Its length is enough to refuse it: 65,536 and 65,537.
    #expect(WireBytes.clientHello(record([1, 1, 0, 0])) == .needsMore)
    #expect(WireBytes.clientHello(record([1, 1, 0, 1])).isMalformed)
    #expect(WireBytes.clientHello(record([1]) + record([0xFF]) + record([0xFF, 0xFF])).isMalformed)
  }

  @Test("what isn't TLS is known at its first wrong byte")
  func notTLS() {
    #expect(WireBytes.clientHello(Array("G".utf8)) == .malformed("not TLS"))
    #expect(WireBytes.clientHello([0]).isMalformed)
    #expect(WireBytes.clientHello([21]).isMalformed)
    // A hello of SSL 2: its length, CLIENT-HELLO, version 3.1.
    #expect(WireBytes.clientHello([0x80, 0x2E, 0x01, 0x03, 0x01]).isMalformed)
    #expect(WireBytes.clientHello([22, 2]).isMalformed)
    #expect(WireBytes.clientHello([22, 3]) == .needsMore)
    // Records without contents, and ones that are longer than records may be.
    #expect(WireBytes.clientHello([22, 3, 1, 0, 0]).isMalformed)
    #expect(WireBytes.clientHello([22, 3, 1, 0x40, 0x01]).isMalformed)
    #expect(WireBytes.clientHello([22, 3, 1, 0x40, 0x00]) == .needsMore)
    // Another handshake message, and another record in between.
    #expect(WireBytes.clientHello(record([2])).isMalformed)
    #expect(WireBytes.clientHello(record([1, 0]) + [21]).isMalformed)
  }

  @Test("a client says nothing after its hello")
  func excess() {
    #expect(WireBytes.clientHello(record(hello([]) + [1])).isMalformed)
    // Known before the record is there in full.
    #expect(WireBytes.clientHello([22, 3, 1, 0x40, 0x00] + hello([])).isMalformed)
  }

  @Test("a server name is a name of the DNS, in lower case")
  func serverNames() {
    let longest = Array(repeating: String(repeating: "a", count: 63), count: 4).joined(separator: ".")
    #expect(longest.utf8.count == 255)
    for (name, found) in [
      ("example.org", "example.org"), ("API_1.Svc-2.LOCAL", "api_1.svc-2.local"), ("x", "x"), ("10.0.0.1", "10.0.0.1"),
      (longest, longest),
    ] {
      guard case .parsed(let hello, length: _) = parse(extensions: serverName(name)) else {
        Issue.record("\(name) is not parsed")
        continue
      }
      #expect(hello.serverName == found)
    }
    for name in [
      "", ".", "a.", ".a", "a..b", "a b", "a\n", "a\0", "*.example.org", "é.org", "a/b", "[::1]", "a:1", "::1",
      String(repeating: "a", count: 64), longest + "a", "a." + longest,
    ] {
      #expect(parse(extensions: serverName(name)).isMalformed, "\(name)")
    }
  }

  @Test("a client names one server")
  func oneServerName() {
    let a = hostName("a.example.org")
    let b = hostName("b.example.org")
    // A type that nobody knows yet has a length of two bytes too.
    let other: [UInt8] = [7] + WireBytes.vector([1, 2, 3])
    #expect(parse(extensions: anExtension(0, WireBytes.vector(a + b))).isMalformed)
    #expect(parse(extensions: anExtension(0, WireBytes.vector(a + a))).isMalformed)
    #expect(parse(extensions: serverName("a") + serverName("a")).isMalformed)
    let found = ClientHello(serverName: "a.example.org", applicationProtocols: [], highestVersion: 0x0303)
    let bytes = record(hello(anExtension(0, WireBytes.vector(other + a))))
    #expect(WireBytes.clientHello(bytes) == .parsed(found, length: bytes.count))
    let wrong: [[UInt8]] = [
      [], [0], [0, 0], [0, 1, 0], [0, 4, 0, 0, 1], [0, 4, 0, 0, 1, 0x61, 0], [0, 4, 0, 0, 2, 0x61],
    ]
    for content in wrong {
      #expect(parse(extensions: anExtension(0, content)).isMalformed, "\(content)")
    }
  }

  @Test("protocols keep their order, and grease is left out")
  func alpn() {
    let names: [[UInt8]] = [[0x0A, 0x0A], Array("postgresql".utf8), [0xFA, 0xFA], Array("h2".utf8)]
    guard case .parsed(let hello, length: _) = parse(extensions: protocols(names)) else {
      Issue.record("not parsed")
      return
    }
    #expect(hello.applicationProtocols == ["postgresql", "h2"])
    let many = [[UInt8]](repeating: Array("h2".utf8), count: 64)
    #expect(parse(extensions: protocols(many)).isParsed)
    #expect(parse(extensions: protocols(many + [[0x61]])).isMalformed)
    #expect(parse(extensions: protocols(names) + protocols(names)).isMalformed)
    for content: [UInt8] in [[], [0], [0, 0], [0, 1, 0], [0, 2, 2, 0x61], [0, 2, 1, 0x61, 0], [0, 3, 1, 0x61]] {
      #expect(parse(extensions: anExtension(16, content)).isMalformed, "\(content)")
    }
  }

  @Test("the highest version is that of supported_versions, where it is")
  func supportedVersions() {
    let offers: [([UInt8], UInt16)] = [
      ([3, 3, 3, 4], 0x0304), ([0xFA, 0xFA, 3, 4, 3, 3], 0x0304), ([3, 1], 0x0301),
    ]
    for (bytes, found) in offers {
      guard case .parsed(let hello, length: _) = parse(extensions: versions(bytes)) else {
        Issue.record("\(bytes) is not parsed")
        continue
      }
      #expect(hello.highestVersion == found)
    }
    for bytes: [UInt8] in [[], [3], [3, 4, 3], [0x0A, 0x0A]] {
      #expect(parse(extensions: versions(bytes)).isMalformed, "\(bytes)")
    }
    #expect(parse(extensions: anExtension(43, [2, 3, 4, 0])).isMalformed)
    #expect(parse(extensions: versions([3, 4]) + versions([3, 4])).isMalformed)
  }

  @Test("a hello without extensions is one of an older version")
  func noExtensions() {
    let bytes = record(message(beginning))
    let found = ClientHello(serverName: nil, applicationProtocols: [], highestVersion: 0x0303)
    #expect(WireBytes.clientHello(bytes) == .parsed(found, length: bytes.count))
  }

  @Test("lengths that lie are refused")
  func lengths() {
    let random = [UInt8](repeating: 7, count: 32)
    let session = [UInt8](repeating: 0, count: 33)
    let wrong: [[UInt8]] = [
      [],
      [3, 3],
      WireBytes.join([3, 3], random),
      WireBytes.join([3, 3], random, [1]),
      WireBytes.join([2, 0], random, [0, 0, 2, 0x13, 0x01, 1, 0]),  // SSL 2
      WireBytes.join([3, 3], random, [33], session, [0, 2, 0x13, 0x01, 1, 0]),  // a session that is too long
      WireBytes.join([3, 3], random, [0, 0, 0, 1, 0]),  // no cipher suite
      WireBytes.join([3, 3], random, [0, 0, 3, 0x13, 0x01, 0x13, 1, 0]),  // one and a half
      WireBytes.join([3, 3], random, [0, 0, 2, 0x13, 0x01, 0]),  // no compression
    ]
    for body in wrong { #expect(WireBytes.clientHello(record(message(body))).isMalformed, "\(body)") }
    let wrongExtensions: [[UInt8]] = [
      [0], [0, 1], [0, 0, 0], [0, 3, 0, 1, 0], [0, 4, 0, 1, 0, 1], [0xFF, 0xFF],
    ]
    for rest in wrongExtensions {
      #expect(WireBytes.clientHello(record(message(beginning + rest))).isMalformed, "\(rest)")
    }
  }

  @Test("changed hellos never trap")
  func damaged() {
    let pieces = split(Array(openssl.dropFirst(5)), into: 3)
    for whole in [openssl, opensslTLS12, pieces] {
      for index in whole.indices {
        for value: UInt8 in [0, 1, 0x7F, 0xFF] {
          var bytes = whole
          bytes[index] = value
          if case .parsed(_, let length) = WireBytes.clientHello(bytes) { #expect(length <= bytes.count) }
        }
      }
    }
  }
}
