import Enrolment
import Foundation
import PKITestKit
import Testing

@Suite("Pairing codes")
struct PairingCodeTests {
  @Test("coreutils and openssl compute the same one")
  func independent() throws {
    let root = [UInt8]((0..<500).map { UInt8(truncatingIfNeeded: $0) })
    let key = [UInt8]("a public key".utf8)
    let code = PairingCode(root: root, keyInfo: key)
    let other = try Tool.require(
      "bash", ["-c", "openssl dgst -sha256 -binary | base32 | cut -c1-12"], input: Data(root + key)
    ).text.trimmingCharacters(in: .whitespacesAndNewlines)
    #expect(code.characters == other)
    #expect(code.description.replacing("-", with: "") == other)
    #expect(code.description.count == 14)
  }

  @Test("another root or another key has another code")
  func different() {
    let code = PairingCode(root: [1], keyInfo: [2])
    #expect(code != PairingCode(root: [1], keyInfo: [3]))
    #expect(code != PairingCode(root: [3], keyInfo: [2]))
  }

  @Test("what is typed may differ in case, hyphens and spaces, and in nothing else")
  func typed() {
    for text in ["ABCD-EFGH-2345", "abcdefgh2345", " abcd efgh 2345 "] {
      #expect(PairingCode.matches(text, "ABCD-EFGH-2345"))
    }
    for text in ["", "ABCD", "ABCD-EFGH-2346", "ABCD-EFGH-2345-A"] {
      #expect(!PairingCode.matches(text, "ABCD-EFGH-2345"))
    }
    #expect(!PairingCode.matches("", ""))
  }
}
