import Credentials
import Crypto
import Enrolment
import Foundation
import Testing

@Suite("Join strings")
struct JoinStringTests {
  private static let secret = TokenSecret(random: [UInt8](0..<28))
  private static let root = [UInt8](repeating: 0xab, count: 32)

  private func sample(_ url: String = "https://orchestrator.example.org:8443") throws -> JoinString {
    try JoinString(url: url, rootHash: Self.root, secret: #require(Self.secret))
  }

  @Test("one line holds all, and is read back")
  func roundTrip() throws {
    for url in ["https://a.example", "https://localhost:1", "https://10.0.0.1:8443", "https://[2001:db8::1]:65535"] {
      let join = try sample(url)
      #expect(try JoinString.decode(" \(join.encode())\r\n") == join)
    }
    #expect(
      try sample().encode() == "https://orchestrator.example.org:8443/#root=\(String(repeating: "ab", count: 32))"
        + "&id=0001020304050607&secret=countersign_baequcymbuha6earcijrifiwc4mbsgq3")
  }

  @Test("a damaged one is refused, without its secret in the error")
  func damaged() throws {
    let good = try sample().encode()
    let bad = [
      "", "https://a/", good.replacing("https", with: "http"), good.replacing("/#", with: "#"),
      good.replacing("&id", with: "&ID"), String(good.dropLast()), good + "a", good + "&x=y",
      good.replacing("0001", with: "000A"), good.replacing("abab", with: "ABAB"), good.replacing(":8443", with: ":0"),
      good.replacing(":8443", with: ":84430"), good.replacing(":8443", with: ":+443"),
      good.replacing(":8443", with: "/path"), good.replacing("orchestrator", with: "user:x@orchestrator"),
      good.replacing("orchestrator.example.org", with: "2001:db8::1"), good.replacing("countersign_", with: ""),
      String(repeating: "x", count: 2000),
    ]
    for text in bad {
      let error = #expect(throws: EnrolmentError.self) { try JoinString.decode(text) }
      #expect(error?.message.contains("ucymbuha6e") == false, "\(text)")
    }
  }

  @Test("every cut of one is refused")
  func cuts() throws {
    let good = try sample().encode()
    for length in 0..<good.count {
      #expect(throws: EnrolmentError.self) { try JoinString.decode(String(good.prefix(length))) }
    }
  }

  @Test("it prints without the secret")
  func redacted() throws {
    let join = try sample()
    var dumped = ""
    dump(join, to: &dumped)
    #expect(!"\(join) \(String(reflecting: join)) \(join.secret) \(dumped)".contains("ucymbuha6e"))
  }

  @Test("a secret has 160 random bits and is stored as its SHA-256")
  func secret() throws {
    var generator = SystemRandomNumberGenerator()
    let secrets = (0..<100).map { _ in TokenSecret(using: &generator) }
    #expect(Set(secrets.map(\.text)).count == 100)
    #expect(Set(secrets.map(\.id)).count == 100)
    for secret in secrets {
      #expect(TokenSecret(id: secret.id, text: secret.text) == secret)
      #expect(secret.hash == Array(SHA256.hash(data: Data(secret.text.utf8))))
      #expect(TokenSecret.matches(Array(secret.text.utf8), hash: secret.hash))
      #expect(!TokenSecret.matches(Array(secret.text.dropLast().utf8), hash: secret.hash))
      #expect(!TokenSecret.matches(Array(secret.text.utf8), hash: nil))
    }
    #expect(TokenSecret(random: [1, 2, 3]) == nil)
  }
}
