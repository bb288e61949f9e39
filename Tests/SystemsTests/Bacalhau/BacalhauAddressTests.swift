import Systems
import Testing

@Suite("where a node of Bacalhau dials")
struct BacalhauAddressTests {
  @Test(
    "addresses are read as NATS clients read them",
    arguments: [
      ("nats://10.0.5.16:4222", "10.0.5.16:4222"), ("nats://my-node", "my-node:4222"), ("my-node:5222", "my-node:5222"),
      ("tls://A.example:4222/", "A.example:4222"), (" nats://[2001:db8::1]:4223 ", "[2001:db8::1]:4223"),
      ("[::1]", "[::1]:4222"), ("nats://secret@a.example", "a.example:4222"),
      ("nats://a.example.:4222", "a.example:4222"),
    ])
  func good(text: String, expected: String) throws {
    #expect(try BacalhauAddress(text).hostAndPort == expected)
  }

  @Test("what stands before the host is kept apart, and not shown")
  func userInfo() throws {
    let address = try BacalhauAddress("nats://se:cr@et@a.example:4222")
    #expect(address.userInfo == "se:cr@et")
    #expect(address.url == "nats://a.example:4222")
  }

  @Test(
    "what can't be dialled is refused, without what stands before the host",
    arguments: [
      ("http://a.example", BacalhauAddressProblem.scheme("http")),
      ("nats://s@2001:db8::1", .bareAddress("2001:db8::1")),
      ("nats://my_node:4222", .host("my_node")), ("nats://s@*.example.org", .host("*.example.org")), ("", .host("")),
      ("nats://a:0", .port), ("nats://a:65536", .port), ("nats://a:", .port), ("nats://a:+80", .port),
      ("nats://a:99999999999999999999", .port), ("nats://[::1", .bareAddress("[::1")), ("nats://[::1]x", .port),
      ("nats://[10.0.0.1]:4222", .host("[10.0.0.1]")), ("nats://[fe80::1%eth0]", .host("[fe80::1%eth0]")),
    ])
  func bad(text: String, problem: BacalhauAddressProblem) {
    #expect(throws: problem) { try BacalhauAddress(text) }
  }
}
