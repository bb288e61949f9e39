import Router
import Testing

@Suite("the PROXY protocol's version 1")
struct ProxyHeaderTextTests {
  private func parse(_ text: String) -> Parsing<ProxyHeader> {
    WireBytes.proxy(Array(text.utf8))
  }

  private let ipv4 = "PROXY TCP4 192.0.2.1 198.51.100.255 50000 443\r\n"
  private let ipv6 = "PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 0 65535\r\n"
  /// The longest line of all, as the specification counts it.
  private let longest =
    "PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535".padding(to: 105) + "\r\n"

  @Test("addresses of both families are read")
  func addresses() {
    let expected4 = ProxyHeader(
      source: .ipv4([192, 0, 2, 1], port: 50000), destination: .ipv4([198, 51, 100, 255], port: 443))
    #expect(parse(ipv4) == .parsed(expected4, length: 47))
    #expect(parse(ipv4 + "GET / HTTP/1.1\r\n") == .parsed(expected4, length: 47))

    let source6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1]
    let expected6 = ProxyHeader(source: .ipv6(source6, port: 0), destination: .ipv6(mapped, port: 65535))
    #expect(parse(ipv6) == .parsed(expected6, length: 49))
  }

  @Test("UNKNOWN names nobody, whatever follows it")
  func unknown() {
    #expect(parse("PROXY UNKNOWN\r\n") == .parsed(ProxyHeader(), length: 15))
    #expect(parse("PROXY UNKNOWN ffff::1 whatever 1 2 3\r\n") == .parsed(ProxyHeader(), length: 38))
    #expect(parse("PROXY UNKNOWNS\r\n").isMalformed)
  }

  @Test("version 1 is refused where only version 2 is accepted")
  func versionTwoOnly() {
    #expect(WireBytes.proxy(Array(ipv4.utf8), accepting: .v2Only).isMalformed)
    #expect(WireBytes.proxy(Array("P".utf8), accepting: .v2Only).isMalformed)
  }

  @Test("a line is read only when it is there in full")
  func truncated() {
    for line in [ipv4, ipv6, longest, "PROXY UNKNOWN\r\n"] {
      let bytes = Array(line.utf8)
      #expect(WireBytes.proxy(bytes).isParsed, "\(line)")
      for length in bytes.indices {
        #expect(WireBytes.proxy(Array(bytes[..<length])) == .needsMore, "\(length) bytes of \(line)")
      }
    }
  }

  @Test("a line of 107 bytes is the longest")
  func tooLong() {
    #expect(longest.utf8.count == 107)
    #expect(parse(longest) == .parsed(ProxyHeader(), length: 107))
    #expect(parse("PROXY UNKNOWN".padding(to: 106) + "\r\n").isMalformed)
    #expect(parse("PROXY UNKNOWN".padding(to: 106)) == .needsMore)
    #expect(parse("PROXY UNKNOWN".padding(to: 106) + "\r").isMalformed)
    #expect(parse("PROXY UNKNOWN".padding(to: 107)).isMalformed)
  }

  @Test("what isn't a line is known at its first wrong byte")
  func notALine() {
    for text in ["Q", "PO", "PROXX", "PROXY\t", "PROXY UNKNOWN\n", "PROXY UNKNOWN\r\r", "GET / HTTP/1.1\r\n"] {
      #expect(parse(text).isMalformed, "\(text)")
    }
  }

  @Test("ports have no leading zeros and end at 65535")
  func ports() {
    for port in ["", "01", "00", "65536", "99999", "100000", "-1", "+1", "1a", "0x1", "१", "18446744073709551617"] {
      #expect(parse("PROXY TCP4 192.0.2.1 192.0.2.2 \(port) 443\r\n").isMalformed, "\(port)")
      #expect(parse("PROXY TCP4 192.0.2.1 192.0.2.2 443 \(port)\r\n").isMalformed, "\(port)")
    }
  }

  @Test("addresses that can be read in two ways are refused")
  func wrongAddresses() {
    for address in ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1..2.3", "1.2.3.4.", "::1", "localhost", "1"] {
      #expect(parse("PROXY TCP4 \(address) 192.0.2.2 1 2\r\n").isMalformed, "\(address)")
      #expect(parse("PROXY TCP4 192.0.2.2 \(address) 1 2\r\n").isMalformed, "\(address)")
    }
    for address in [
      "", ":", ":1", "1:", ":::", "1:::2", "::1::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "g::",
      "1:2:3:4:5:6:7:8::", "[::1]", "::1%1", "1.2.3.4", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4",
    ] {
      #expect(parse("PROXY TCP6 \(address) ::1 1 2\r\n").isMalformed, "\(address)")
      #expect(parse("PROXY TCP6 ::1 \(address) 1 2\r\n").isMalformed, "\(address)")
    }
  }

  @Test("IPv6 addresses are read in all their forms")
  func ipv6Forms() {
    let forms: [(String, [UInt8])] = [
      ("::", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      ("::1", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
      ("1::", [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
      ("ABCD::12:f", [0xAB, 0xCD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0, 0x0F]),
      ("1:2:3:4:5:6:7:8", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
      ("1:2:3:4:5:6:7::", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]),
      ("::2:3:4:5:6:7:8", [0, 0, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]),
      ("1:2:3:4:5:6:9.8.7.6", [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 9, 8, 7, 6]),
    ]
    for (text, octets) in forms {
      let expected = ProxyHeader(source: .ipv6(octets, port: 1), destination: .ipv6(octets, port: 2))
      let line = "PROXY TCP6 \(text) \(text) 1 2\r\n"
      #expect(parse(line) == .parsed(expected, length: line.utf8.count), "\(text)")
    }
  }

  @Test("a line has its fields, one space between them, and nothing else")
  func fields() {
    for line in [
      "PROXY \r\n", "PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
      "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", "PROXY TCP4\r\n",
      "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n",
      "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
    ] {
      #expect(parse(line).isMalformed, "\(line)")
    }
  }
}

extension String {
  fileprivate func padding(to length: Int) -> String {
    self + " " + String(repeating: "x", count: length - utf8.count - 1)
  }
}
