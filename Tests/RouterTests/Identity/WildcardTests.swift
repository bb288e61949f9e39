import Router
import Testing

@Suite("wildcards")
struct WildcardTests {
  static let stars: [(String, String, Bool)] = [
    ("", "", true), ("", "a", false), ("a", "", false), ("a", "a", true), ("a", "A", false), ("a", "ab", false),
    ("*", "", true), ("*", "anything at all", true), ("**", "", true), ("**", "a", true),
    ("a*", "a", true), ("a*", "abc", true), ("a*", "ba", false), ("*a", "a", true), ("*a", "ba", true),
    ("*a", "ab", false), ("*-robots", "north-robots", true), ("*-robots", "-robots", true),
    ("*-robots", "north-robots2", false), ("*-robots", "robots", false),
    ("a*b", "ab", true), ("a*b", "aXb", true), ("a*b", "aXbY", false), ("a*a", "a", false), ("a*a", "aa", true),
    ("ab*ba", "aba", false), ("ab*ba", "abba", true),
    ("*a*", "", false), ("*a*", "bab", true), ("a*b*c", "abc", true), ("a*b*c", "acbc", true),
    ("a*b*c", "acb", false), ("a**b", "ab", true), ("*ab*ab*", "abab", true), ("*ab*ab*", "aba", false),
    ("*aab*", "aaab", true), ("*abab*c", "abaabababc", true), ("*aba*aba*", "ababa", false),
    ("x*yz*z", "xyz", false), ("x*yz*z", "xyzz", true),
    ("spiffe://a/*/b", "spiffe://a/c/d/b", true), ("é*", "éa", true), ("é*", "e\u{301}a", false),
  ]

  @Test("a star stands for any run of characters, also for none", arguments: WildcardTests.stars)
  func star(pattern: String, text: String, isMatch: Bool) {
    #expect(Wildcard(pattern).matches(text) == isMatch)
  }

  @Test("a pattern says the same as trying all ways to divide the text")
  func independent() {
    var patterns: Set<String> = [""]
    for _ in 0..<5 {
      for pattern in patterns {
        for letter in ["a", "b", "*"] { patterns.insert(pattern + letter) }
      }
    }
    var wrong: [String] = []
    for pattern in patterns {
      let wildcard = Wildcard(pattern)
      for text in ["", "a", "b", "ab", "ba", "aab", "aba", "abab", "bbaab", "ababab"] {
        let expected = Self.matches(Array(pattern.utf8)[...], Array(text.utf8)[...])
        if wildcard.matches(text) != expected { wrong.append("\(pattern) \(text)") }
      }
    }
    #expect(patterns.count == 364 && wrong.isEmpty, "\(wrong)")
  }

  private static func matches(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == UInt8(ascii: "*") {
      return (text.startIndex...text.endIndex).contains { matches(pattern.dropFirst(), text[$0...]) }
    }
    return text.first == first && matches(pattern.dropFirst(), text.dropFirst())
  }

  @Test("a pattern of many stars takes no longer than the text is long", .timeLimit(.minutes(1)))
  func time() {
    let pattern = Wildcard(String(repeating: "*aaaaaaaaaaaaaaab", count: 100) + "*")
    let text = String(repeating: "a", count: 1_000_000)
    #expect(!pattern.matches(text))
    #expect(Wildcard(String(repeating: "*a", count: 1000) + "*").matches(text))
  }

  static let hosts: [(String, String, Bool)] = [
    ("*.example", "a.example", true), ("*.example", "A.EXAMPLE", true), ("*.example", "a.b.example", false),
    ("*.example", "example", false), ("*.example", ".example", false), ("*.*.example", "a.b.example", true),
    ("agent-*.Example", "AGENT-7.example", true), ("agent-*.example", "agent-.example", true),
    ("agent-*.example", "agent-7.x.example", false), ("*", "a", true), ("*", "a.b", false), ("*", "", false),
    ("a*c*e.example", "abcde.example", true), ("a*c*e.example", "abde.example", false),
    ("a.example", "a.example.", true), ("a.example", "a.example..", false), ("a.example", ".", false),
    ("a.example", "a.example.org", false), ("a.example.org", "a.example", false), ("*.example", "*.example", true),
  ]

  @Test(
    "in host names a star stays within its label, and case and a final dot count for nothing",
    arguments: WildcardTests.hosts)
  func host(pattern: String, name: String, isMatch: Bool) {
    #expect(DNSPattern(pattern).matches(name) == isMatch)
  }
}
