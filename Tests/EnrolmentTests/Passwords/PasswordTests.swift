import Credentials
import Enrolment
import Foundation
import PKITestKit
import Testing

/// Of "correct horse", made by Python's hashlib.scrypt.
private let foreignHash = "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0"

@Suite("Passwords of agents")
struct PasswordTests {
  private static let cost = ScryptHash.Cost(logRounds: 14, blockSize: 8, parallelism: 1)

  @Test("a hash that another program made is checked")
  func foreign() throws {
    let hash = try ScryptHash(phc: foreignHash)
    #expect(hash.phc == foreignHash)
    #expect(try hash.matches(Array("correct horse".utf8)))
    #expect(try !hash.matches(Array("correct horsf".utf8)))
    #expect(try !hash.matches([]))
  }

  @Test("openssl computes the same hash of a new password")
  func own() throws {
    let salt = [UInt8](0..<16)
    let hash = try ScryptHash(password: Array("pass word".utf8), salt: salt)
    let output = try Tool.openssl(
      "kdf", "-keylen", "32", "-kdfopt", "pass:pass word", "-kdfopt", "hexsalt:\(salt.hexadecimal)", "-kdfopt",
      "n:32768", "-kdfopt", "r:8", "-kdfopt", "p:1", "-kdfopt", "maxmem_bytes:67108864", "SCRYPT")
    #expect(output.text.lowercased().filter(\.isHexDigit) == hash.hash.hexadecimal)
    #expect(try ScryptHash(phc: hash.phc) == hash)
    #expect(!"\(hash)".contains("$"))
  }

  @Test(
    "what is no such hash, or too weak or too costly, is refused",
    arguments: [
      "", "plain", "$argon2id$v=19$m=1$c2FsdA$aGFzaA", "$scrypt$ln=14,r=8$MDEyMzQ1Njc4OWFiY2RlZg$AAAA",
      "$scrypt$ln=13,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=20,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=14,r=8,p=99$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=9999,r=9999,p=9999$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=-14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg==$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D1",
      "$scrypt$ln=14,r=8,p=1$$0LupyHkzAIgDr9UDsriAAf87vMbCbcaUfDvFOAHk0D0",
      "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$AAAA", "$scrypt$ln=14,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$",
      String(repeating: "$", count: 300),
    ])
  func refused(text: String) {
    #expect(throws: PasswordFileError.self) { try ScryptHash(phc: text) }
  }

  @Test("a file has a line for each agent, and comments")
  func file() throws {
    let text = "# agents\n\nwelder robots:\(foreignHash)\r\nbender:\(foreignHash)\n"
    let entries = try PasswordFile.parse(Array(text.utf8))
    #expect(Set(entries.keys) == ["welder robots", "bender"])
    #expect(try PasswordFile.parse([]).isEmpty)
  }

  @Test(
    "a broken file is refused by its line, and nothing of the line is shown",
    arguments: [
      ("a:\(foreignHash)\nsecret\n", 2), ("a:\(foreignHash)\na:\(foreignHash)\n", 2), ("a:secret\n", 1),
      ("a:b:\(foreignHash)\n", 1), (":\(foreignHash)\n", 1), ("\n\na\u{7}:\(foreignHash)\n", 3),
    ])
  func brokenFile(text: String, line: Int) {
    let error = #expect(throws: PasswordFileError.self) { try PasswordFile.parse(Array(text.utf8)) }
    #expect(error?.message.contains("line \(line):") == true)
    #expect(error?.message.contains("secret") == false && error?.message.contains("$ln=") == false)
    #expect(throws: PasswordFileError.notText) { try PasswordFile.parse([0xff, 0xfe]) }
    #expect(throws: PasswordFileError.tooLarge) {
      try PasswordFile.parse([UInt8](repeating: 10, count: PasswordFile.sizeLimit + 1))
    }
  }

  @Test("a line is read back; a name that a line can't hold is refused")
  func line() throws {
    let hash = try ScryptHash(phc: foreignHash)
    let line = try PasswordFile.line(name: "bender robots", hash)
    #expect(try PasswordFile.parse(Array(line.utf8)) == ["bender robots": hash])
    for name in ["a:b", "#a", "", "a\nb"] {
      #expect(throws: IdentityError.self) { try PasswordFile.line(name: name, hash) }
    }
  }

  @Test("an unknown name is checked with the parameters of a known one, and is never right")
  func decoy() throws {
    let entries = ["a": try ScryptHash(phc: foreignHash)]
    let password = Array("correct horse".utf8)
    #expect(try PasswordTrial(name: "a", password: password, among: entries, decoySeed: [1]).isRight())
    #expect(try !PasswordTrial(name: "A", password: password, among: entries, decoySeed: [1]).isRight())
    let long = [UInt8](repeating: 97, count: PasswordTrial.longestPassword + 1)
    #expect(try !PasswordTrial(name: "a", password: long, among: entries, decoySeed: [1]).isRight())
    let trial = PasswordTrial(name: "b", password: password, among: entries, decoySeed: [1])
    #expect(!"\(trial)".contains("correct"))
    #expect(PasswordTrial(name: "b", password: password, among: entries, decoySeed: [1]) == trial)
    #expect(trial.cost == Self.cost)
    #expect(PasswordTrial(name: "b", password: [], among: [:], decoySeed: []).cost == .standard)
  }
}
