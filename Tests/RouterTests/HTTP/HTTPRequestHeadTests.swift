import Testing

@testable import Router

@Suite("the head of a request")
struct HTTPRequestHeadTests {
  private func head(_ target: String, host: String = "api.example") -> HTTPRequestHead {
    var head = HTTPRequestHead()
    head.method = "GET"
    head.target = target
    head.authority = host
    return head
  }

  @Test(
    "a path that could be read in two ways is told apart",
    arguments: [
      "/a/../b", "/a/./b", "/..", "/a/%2e%2e/b", "/a/%2E/b", "/a/.%2e/", "//a", "/a//b", "/a%2fb", "/a%5cb", "/a%00",
      "/a\\b", "/%61", "/%7Ea", "/%zz", "/%4", "/a b", "/ü", "a/b", "",
    ])
  func ambiguous(target: String) { #expect(head(target).ambiguity != nil) }

  @Test("others aren't", arguments: ["/", "/a", "/a/b.c/", "/a/...", "/a%20b", "/a%C3%BC", "/a?b=../c//d", "*"])
  func plain(target: String) { #expect(head(target).ambiguity == nil) }

  @Test(
    "a prefix ends at a segment's end",
    arguments: [
      ("/pets", "/pets", true), ("/pets", "/pets/1", true), ("/pets", "/pets?x", true), ("/pets", "/petshop", false),
      ("/pets/", "/pets/1", true), ("/pets/", "/pets", false), ("/", "/anything", true), ("/pets", "/", false),
      ("/é", "/e\u{301}", false),
    ])
  func prefix(path: String, target: String, isTaken: Bool) {
    #expect(RouteConfiguration(path: path, to: "x").takes(head(target)) == isTaken)
  }

  @Test(
    "a host is compared without its port and its case",
    arguments: [
      ("API.Example:8443", true), ("api.example", true), ("other.example", true), ("a.b.example", false),
      ("example", false),
      ("[::1]:8443", false), ("", false),
    ])
  func host(authority: String, isTaken: Bool) {
    #expect(RouteConfiguration(host: DNSPattern("*.example"), to: "x").takes(head("/", host: authority)) == isTaken)
  }

  @Test("fields of one connection are left out, and no more than those")
  func hopByHop() {
    var fields = HTTPFields()
    for (name, value) in [
      ("Connection", "close, X-Mine, content-length"), ("X-Mine", "1"), ("Content-Length", "3"), ("Keep-Alive", "5"),
      ("Transfer-Encoding", "chunked"), ("Upgrade", "x"), ("TE", "trailers"), ("Proxy-Connection", "x"),
      ("X-Kept", "2"),
    ] {
      fields.add(name, value)
    }
    fields.removeHopByHop()
    let names = fields.fields.map { fields.withField($0) { name, _ in String(decoding: name, as: UTF8.self) } }
    #expect(names == ["content-length", "x-kept"])
  }

  @Test("a value that would end its line can't")
  func injection() {
    var fields = HTTPFields()
    fields.add("x-node", "robot\r\nx-admin: yes")
    #expect(
      fields.fields.map { fields.withField($0) { String(decoding: $1, as: UTF8.self) } } == ["robot  x-admin: yes"])
  }

  @Test(
    "what no backend shall get is told apart, also where no route has a path",
    arguments: [
      ("GET", "http://internal/admin", true), ("GET", "/a#b", true), ("GET", "/ü", true), ("GET", "/a b", true),
      ("GET", "", true), ("GET", "*", true), ("OPTIONS", "*", false), ("GET", "/", false),
      ("GET", "/a?b=c//../d", false),
    ])
  func strange(method: String, target: String, isStrange: Bool) {
    var head = head(target)
    head.method = method
    #expect(head.hasStrangeTarget == isStrange)
  }

  private func head(_ fields: [(String, String)], target: String = "/") -> HTTPRequestHead {
    var head = HTTPRequestHead()
    head.method = "GET"
    head.target = target
    head.fields.add("Host", "api.example")
    for (name, value) in fields { head.fields.add(name, value) }
    return head
  }

  @Test(
    "what would be framed in two ways is refused",
    arguments: [
      ([("Content-Length", "5"), ("Content-Length", "5")], 400), ([("Content-Length", "9223372036854775808")], 400),
      ([("Transfer-Encoding", "gzip, chunked")], 501), ([("Transfer-Encoding", "xchunked")], 501),
      ([("Host", "b.example")], 400),
    ])
  func framing(fields: [(String, String)], status: Int) {
    #expect(head(fields).problem(minor: 1)?.status == status)
  }

  @Test("white space behind a value is none of it")
  func padded() {
    let head = head([("Content-Length", "5 \t"), ("Transfer-Encoding", "Chunked  ")])
    #expect(head.completed(minor: 1).length == 5)
    #expect(head.problem(minor: 1) == nil)
  }

  @Test(
    "an upgrade is passed on but for HTTP/2, wherever that stands",
    arguments: [
      (["websocket"], "websocket"), (["websocket, h2c"], nil), (["H2C"], nil), (["websocket", "h2c"], nil),
      (["websocket", "echo"], "websocket, echo"),
    ] as [([String], String?)])
  func upgrade(values: [String], expected: String?) {
    let fields = [("Connection", "Upgrade")] + values.map { ("Upgrade", $0) }
    #expect(head(fields).completed(minor: 1).upgrade == expected)
    #expect(head(Array(fields.dropFirst())).completed(minor: 1).upgrade == nil)
  }
}
