import Credentials
import Router
import Testing

@Suite("rules of identity")
struct IdentityRulesTests {
  private static let robot = PeerIdentity(
    commonNames: ["north-robots"], organizations: ["ORG1", "Robots"],
    dnsNames: ["r1.north.example", "Gateway.example"],
    addresses: ["10.1.2.3", "fd00::1"], uris: ["spiffe://example.org/robot/1"],
    fingerprint: String(repeating: "0f", count: 32), subject: "CN=north-robots", issuer: "CN=Fleet CA 2",
    issuerCommonNames: ["Fleet CA 2"], serial: "01")

  private static let nobody = PeerIdentity()

  private static let met: [IdentityCondition] = [
    .any, .commonName(Wildcard("*-robots")), .organization(Wildcard("Rob*")), .dns(DNSPattern("gateway.*")),
    .dns(DNSPattern("*.north.example")), .uri(Wildcard("spiffe://example.org/*")),
    .fingerprint(String(repeating: "0f", count: 32)), .issuer(Wildcard("Fleet CA *")),
  ]

  private static let unmet: [IdentityCondition] = [
    .commonName(Wildcard("*-ROBOTS")), .organization(Wildcard("ORG")), .dns(DNSPattern("*.example.org")),
    .uri(Wildcard("SPIFFE://*")), .fingerprint(String(repeating: "0e", count: 32)), .issuer(Wildcard("CN=Fleet*")),
  ]

  @Test("each condition looks at its part of the certificate, and at all names of that kind")
  func conditions() {
    for condition in Self.met { #expect(condition.matches(Self.robot), "\(condition)") }
    for condition in Self.unmet { #expect(!condition.matches(Self.robot), "\(condition)") }
    for condition in Self.met.dropFirst() { #expect(!condition.matches(Self.nobody), "\(condition)") }
  }

  @Test(
    "addresses are compared by their bits, within their family",
    arguments: [
      ("10.1.2.3", true), ("10.1.2.4", false), ("10.0.0.0/8", true), ("10.1.2.0/31", false), ("10.1.2.2/31", true),
      ("10.1.2.0/30", true), ("0.0.0.0/0", true), ("11.0.0.0/8", false), ("10.1.2.3/32", true), ("10.128.0.0/9", false),
      ("fd00::1", true), ("fd00::/8", true), ("fd00::2/127", false), ("fd00::/127", true), ("fc00::/7", true),
      ("::/0", true), ("fe00::/8", false), ("fd00::1/128", true),
    ])
  func addresses(text: String, isMatch: Bool) throws {
    let range = try #require(IPRange(text))
    #expect(IdentityCondition.address(range).matches(Self.robot) == isMatch)
    let version4 = try #require(IPAddress("10.1.2.3"))
    let version6 = try #require(IPAddress("fd00::1"))
    #expect(range.holds(version4) == range.contains(version4) && range.holds(version6) == range.contains(version6))
  }

  @Test("an address of the other family is in no range")
  func families() throws {
    let peer = PeerIdentity(addresses: ["10.1.2.3"])
    let all = try #require(IPRange("::/0"))
    #expect(!IdentityCondition.address(all).matches(peer))
  }

  @Test("within a rule all conditions must hold, and in a list one rule suffices")
  func combination() {
    let cn = IdentityCondition.commonName(Wildcard("north-*"))
    let other = IdentityCondition.organization(Wildcard("ORG2"))
    #expect(IdentityRule([cn]).matches(Self.robot))
    #expect(!IdentityRule([cn, other]).matches(Self.robot))
    #expect(!IdentityRule([]).matches(Self.robot))
    let rules = IdentityRules(allow: [IdentityRule([cn, other]), IdentityRule(name: "north", [cn])])
    #expect(rules.decide(Self.robot) == .allowed(by: "north"))
    #expect(rules.decide(Self.nobody) == .unmatched)
    #expect(IdentityRules().decide(Self.robot) == .unmatched)
  }

  @Test("deny comes before allow")
  func denial() {
    let everybody = IdentityRule([.any])
    let robots = IdentityRule([.commonName(Wildcard("*-robots")), .organization(Wildcard("ORG1"))])
    let rules = IdentityRules(allow: [everybody], deny: [IdentityRule([.dns(DNSPattern("no.example"))]), robots])
    #expect(rules.decide(Self.robot) == .refused(by: "deny[1] cn=*-robots,org=ORG1"))
    #expect(rules.decide(Self.nobody) == .allowed(by: "allow[0] any"))
    #expect(IdentityRules(deny: [everybody]).decide(Self.nobody) == .refused(by: "deny[0] any"))
  }

  @Test("a rule is called by its name, or by its place and all its conditions")
  func descriptions() throws {
    let address = IdentityCondition.address(try #require(IPRange("10.0.0.1")))
    let all = IdentityRule([
      .commonName(Wildcard("a")), .organization(Wildcard("b")), .dns(DNSPattern("*.c")), address, .uri(Wildcard("e")),
      .fingerprint("ff"), .issuer(Wildcard("g")),
    ])
    let rules = IdentityRules(allow: [IdentityRule(name: "ops", [.any]), all])
    #expect(
      rules.allow.map(\.description) == [
        "ops", "allow[1] cn=a,org=b,dns=*.c,ip=10.0.0.1/32,uri=e,fingerprint=ff,issuer=g",
      ])
  }
}
