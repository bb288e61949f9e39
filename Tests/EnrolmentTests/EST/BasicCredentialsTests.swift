import Enrolment
import Foundation
import Testing

@Suite("Basic credentials")
struct BasicCredentialsTests {
  private func header(_ text: String, scheme: String = "Basic ") -> String {
    scheme + Data(text.utf8).base64EncodedString()
  }

  @Test("a name and a secret are read, and colons belong to the secret (RFC 7617 §2)")
  func read() throws {
    for scheme in ["Basic ", "basic ", "BASIC   "] {
      let credentials = try #require(BasicCredentials(authorization: header("name:se:cret", scheme: scheme)))
      #expect(credentials.user == "name")
      #expect(credentials.password == Array("se:cret".utf8))
    }
  }

  @Test(
    "what is no name and secret is none",
    arguments: [
      "", "Basic", "Basic ", "Bearer QTpC", "Basic QTpC QTpC", "Basic ****", "Basic QUJD", "Digest username=\"a\"",
    ])
  func none(_ value: String) {
    #expect(BasicCredentials(authorization: value) == nil)
  }

  @Test("control characters in a name, and headers without end, are refused")
  func limits() {
    #expect(BasicCredentials(authorization: header("a\nb:c")) == nil)
    #expect(BasicCredentials(authorization: header(String(repeating: "a", count: 2000) + ":c")) == nil)
  }

  @Test("they print without the secret")
  func redacted() throws {
    let credentials = try #require(BasicCredentials(authorization: header("name:hunter2")))
    var dumped = ""
    dump(credentials, to: &dumped)
    #expect(!"\(credentials) \(String(reflecting: credentials)) \(dumped)".contains("hunter2"))
  }
}
