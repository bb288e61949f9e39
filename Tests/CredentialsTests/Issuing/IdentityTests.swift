import Credentials
import Testing
import X509

@Suite("Names of nodes")
struct IdentityTests {
  @Test(
    "well-formed host names are accepted",
    arguments: [
      "a", "node-1", "a.example", "*.agents.example", "xn--bcher-kva.example", String(repeating: "a", count: 63) + ".b",
    ])
  func hostNames(_ text: String) throws {
    #expect(try DNSName(text).text == text)
  }

  @Test(
    "malformed host names are refused with a reason",
    arguments: [
      "", ".", "a..b", "-a.example", "a-.example", "under_score", "bücher.example", "*", "*.com.", "*.example", "a.*.b",
      "w*.example.org", "10.0.0.1", String(repeating: "a", count: 64), String(repeating: "a.", count: 127) + "ab",
    ])
  func malformedHostNames(_ text: String) {
    #expect(throws: IdentityError.self) { try DNSName(text) }
  }

  @Test(
    "addresses are read and written in their canonical text",
    arguments: [
      ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("[fd00::0:1]", "fd00::1"), ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
    ])
  func addresses(_ text: String, _ canonical: String) {
    #expect(IPAddress(text)?.text == canonical)
  }

  @Test("what is no address is none", arguments: ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "g::1", "1.2.3.4/8", "[::1"])
  func malformedAddresses(_ text: String) {
    #expect(IPAddress(text) == nil)
  }

  @Test("a range holds the addresses of its prefix and no others")
  func ranges() throws {
    let range = try #require(IPRange("10.1.2.3/12"))
    #expect(range.text == "10.0.0.0/12")
    #expect(range.contains(try #require(IPAddress("10.15.255.255"))))
    #expect(!range.contains(try #require(IPAddress("10.16.0.0"))))
    #expect(!range.contains(try #require(IPAddress("::"))))
    #expect(range.constraintOctets == [10, 0, 0, 0, 255, 240, 0, 0])
    #expect(IPRange("10.0.0.0/33") == nil)
    #expect(IPRange("10.0.0.0/-1") == nil)
  }

  @Test(
    "SPIFFE IDs are held to their own rules",
    arguments: [
      "spiffe://", "spiffe://Example.org/a", "spiffe://example.org/", "spiffe://example.org//a",
      "spiffe://example.org/../a",
      "spiffe://example.org:8080/a", "spiffe://user@example.org/a", "spiffe://example.org/a?b",
      "SPIFFE://example.org/a",
      "spiffe://example.org/a%20b",
    ])
  func malformedSPIFFE(_ text: String) {
    #expect(throws: IdentityError.self) { try URIName(text) }
  }

  @Test("URIs keep their text, and their host is found")
  func uris() throws {
    #expect(try URIName("spiffe://example.org/agent/one").isSPIFFE)
    #expect(try URIName("https://User@Example.org:8443/x").host == "example.org")
    #expect(try URIName("urn:uuid:1").host == nil)
    #expect(throws: IdentityError.self) { try URIName("no scheme") }
  }

  @Test("the common name joins the alternative names where it is a host name or an address, once")
  func commonNameJoins() throws {
    let host = try Identity(
      commonName: "a.example", names: [.dns(try DNSName("b.example")), .dns(try DNSName("a.example"))])
    #expect(host.names.map(\.description) == ["DNS:a.example", "DNS:b.example"])
    #expect(try Identity(commonName: "10.0.0.1").names.map(\.description) == ["IP:10.0.0.1"])
    #expect(try Identity(commonName: "Bender Robots").names.isEmpty)
  }

  @Test(
    "common names beyond RFC 5280's bounds are refused", arguments: ["", String(repeating: "x", count: 65), "a\u{0}b"])
  func commonNameBounds(_ text: String) {
    #expect(throws: IdentityError.self) { try Identity(commonName: text) }
  }

  @Test(
    "durations are read as operators write them",
    arguments: [
      ("90d", 7_776_000), ("12h", 43_200), ("10y", 315_360_000), ("1d12h", 129_600), ("30s", 30), ("2w", 1_209_600),
    ])
  func durations(_ text: String, _ seconds: Int64) {
    #expect(Duration(operatorText: text) == .seconds(seconds))
  }

  @Test(
    "what is no duration is none", arguments: ["", "90", "d", "-1d", "1.5d", "9999y", "99999999999999999999d", "1x"])
  func malformedDurations(_ text: String) {
    #expect(Duration(operatorText: text) == nil)
  }

  @Test("durations are written in their largest unit", arguments: ["90d", "36h", "10y", "61s"])
  func writtenDurations(_ text: String) {
    #expect(Duration(operatorText: text)?.operatorText == text)
  }

  @Test("a random serial has 159 bits at most and 20 octets")
  func serials() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let bytes = Array(SerialNumber.random(using: &random).bytes)
      #expect(bytes.count == 20)
      #expect((1...0x7f).contains(bytes[0]))
    }
  }

  @Test("serials that are taken together begin alike and differ in 128 bits")
  func blockOfSerials() throws {
    var random = SystemRandomNumberGenerator()
    let serials = SerialNumber.block(of: 128, using: &random).map { Array($0.bytes) }
    #expect(serials.allSatisfy { $0.count == 20 && (1...0x7f).contains($0[0]) })
    #expect(Set(serials.map { $0.prefix(4) }).count == 1)
    #expect(Set(serials.map { $0.dropFirst(4) }).count == 128)
    let others = SerialNumber.block(of: 2, using: &random).map { Array($0.bytes) }
    #expect(others[0].prefix(4) != serials[0].prefix(4))
  }
}
