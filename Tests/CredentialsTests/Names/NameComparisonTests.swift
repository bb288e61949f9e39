import SwiftASN1
import Testing
import X509

@testable import Credentials

@Suite struct NameComparisonTests {
  @Test(
    "a wildcard is a whole leftmost label and stands for one label",
    arguments: [
      ("a.example.com", "a.example.com", true), ("A.Example.COM", "a.eXample.com", true),
      ("a.example.com", "*.example.com", true), ("xn--nxasmq6b.example.com", "*.example.com", true),
      ("b.a.example.com", "*.example.com", false), ("example.com", "*.example.com", false),
      ("example.com", "*.com", false), ("a.example.com", "*", false), ("a.example.com", "a*.example.com", false),
      ("a.example.com", "*a.example.com", false), ("a.b.example.com", "a.*.example.com", false),
      ("a.example.com", "*.*.com", false), ("a.example.com", ".example.com", false),
      ("a_b.example.com", "*.example.com", false), ("", "", false), ("a..example.com", "a..example.com", false),
      ("a.example.com", "a.example.com.", false), ("-a.example.com", "-a.example.com", false),
    ])
  func hosts(host: String, pattern: String, matches: Bool) {
    #expect(HostName.matches(host, pattern: pattern) == matches)
  }

  @Test(
    "an operator's text is read as address, URI, mailbox or host",
    arguments: [
      ("node.example", ReferenceName.dns("node.example")), ("node.example.", .dns("node.example")),
      ("spiffe://fleet/node", .uri("spiffe://fleet/node")), ("a@b.example", .email("a@b.example")),
    ])
  func reference(text: String, expected: ReferenceName) {
    #expect(ReferenceName(text) == expected)
  }

  @Test("addresses are read with and without brackets", arguments: ["::1", "[::1]", "0:0:0:0:0:0:0:1"])
  func address(text: String) {
    #expect(ReferenceName(text)?.text == "::1")
  }

  @Test("text that is no name is refused", arguments: ["", ".", "a b", "ü.example", "*.example.com", "a..b"])
  func noName(text: String) {
    #expect(ReferenceName(text) == nil)
  }

  @Test(
    "URIs compare by scheme and host without case, by all else exactly",
    arguments: [
      ("spiffe://a.b/c", "SPIFFE://A.B/c", true), ("spiffe://a.b/c", "spiffe://a.b/C", false),
      ("https://a.b:1/", "https://a.b:2/", false), ("https://a.b/?x", "https://a.b/?y", false),
      ("https://u@a.b/", "https://a.b/", false), ("urn:a:b", "urn:a:b", true), ("urn:a:b", "urn:a:c", false),
    ])
  func uris(left: String, right: String, same: Bool) {
    #expect(ReferenceName.uri(left).matches(.uniformResourceIdentifier(right)) == same)
  }

  @Test("a relative reference is no URI of a certificate", arguments: ["", "//a/b", "/a", "a b:c", "1a:b"])
  func relative(text: String) {
    #expect(URIReference(text) == nil)
    #expect(!ReferenceName.uri(text).matches(.uniformResourceIdentifier(text)))
  }

  private func name(_ values: RelativeDistinguishedName.Attribute...) throws -> NormalizedName {
    NormalizedName(try DistinguishedName(values))
  }

  @Test("directory names compare without regard to case, white space and string type")
  func directoryNames() throws {
    let organization = ASN1ObjectIdentifier.RDNAttributeType.organizationName
    let printable = try name(.init(type: organization, printableString: "Org  One "))
    #expect(try printable == name(.init(type: organization, utf8String: " ORG one")))
    #expect(try printable != name(.init(type: organization, utf8String: "OrgOne")))
    #expect(try printable != name(.init(type: .RDNAttributeType.commonName, utf8String: "Org One")))
    let bmp = ASN1BMPString(contentBytes: [0, 0x4f, 0, 0x52, 0, 0x47, 0, 0x20, 0, 0x4f, 0, 0x4e, 0, 0x45])
    #expect(try printable == name(.init(type: organization, value: ASN1Any(erasing: bmp))))
    #expect(
      try name(.init(type: organization, utf8String: "Ä  Ö")) == name(.init(type: organization, utf8String: "ä ö")))
  }

  @Test("a name is within the names that it begins with")
  func within() throws {
    let organization = ASN1ObjectIdentifier.RDNAttributeType.organizationName
    let subtree = try name(.init(type: organization, utf8String: "Org"))
    let below = try name(
      .init(type: organization, utf8String: "ORG"), .init(type: .RDNAttributeType.commonName, utf8String: "node"))
    #expect(below.isWithin(subtree))
    #expect(!subtree.isWithin(below))
  }

  @Test("only definite, shortest lengths are DER")
  func lengths() {
    for bytes: [UInt8] in [
      [0x30, 0x80, 0, 0], [0x30, 0x81, 0x01, 0], [0x30, 0x82, 0, 0x80], [0x30, 0x85, 1, 1, 1, 1, 1], [0x1f, 1],
    ] {
      var reader = DERReader(bytes[...])
      #expect(reader.next()?.tag == nil)
    }
    var reader = DERReader([0x04, 0x01, 0xff, 0x05, 0x00])
    #expect(reader.next(DERTag.sequence)?.tag == nil)
    #expect(reader.next(DERTag.octetString)?.content == [0xff])
    #expect(reader.next()?.encoded == [0x05, 0x00])
    #expect(reader.isAtEnd)
  }
}
