import Credentials
import Foundation
import Ledger
import StoreTestKit
import Testing
import X509

@Suite("Values of the ledger")
struct ValueTests {
  @Test(
    "a serial is read however it was pasted",
    arguments: ["0a1b", "A1B", "0A:1B", "00:00:0a:1b", " 0x0A1b\n", "000000000000000000000000000000000000000000000a1b"])
  func serials(_ text: String) throws {
    #expect(try SerialNumber.parse(text).hex == "0a1b")
  }

  @Test(
    "what is no serial is refused",
    arguments: [
      "", ":", "0x", "xyz", "12 34", "-1", String(repeating: "f", count: 41), String(repeating: "0", count: 300),
    ])
  func notSerials(_ text: String) {
    #expect(throws: LedgerError.notASerial(String(text.prefix(80)))) { try SerialNumber.parse(text) }
  }

  @Test("zero and the longest serial survive the way to text and back")
  func extremes() throws {
    #expect(try SerialNumber.parse("0").hex == "00")
    let longest = String(repeating: "7f", count: 20)
    #expect(try SerialNumber.parse(longest).hex == longest)
    #expect(try SerialNumber.parse("00ff") == SerialNumber(bytes: [0xFF]))
  }

  @Test("a checkpoint file reads back, and its last line counts")
  func checkpoints() throws {
    let old = Checkpoint(sequence: 7, hash: [UInt8](repeating: 1, count: 32))
    let new = Checkpoint(sequence: 8, hash: [UInt8](repeating: 0xAB, count: 32))
    #expect(new.encode() == "countersign-checkpoint v1 8 \(String(repeating: "ab", count: 32))\n")
    #expect(try Checkpoint.decode(old.encode() + new.encode() + "\n") == new)
  }

  @Test(
    "a damaged checkpoint file is refused",
    arguments: [
      "", "\n", "countersign-checkpoint v2 8 \(String(repeating: "ab", count: 32))", "countersign-checkpoint v1 8 ab",
      "countersign-checkpoint v1 0 \(String(repeating: "ab", count: 32))", "hello",
      "countersign-checkpoint v1 9999999999999999999999 \(String(repeating: "ab", count: 32))",
    ])
  func badCheckpoints(_ text: String) {
    #expect(throws: LedgerError.self) { try Checkpoint.decode(text) }
  }

  @Test("canonical JSON sorts keys, escapes what it must and reads back")
  func json() {
    let object = ["b": "\"\\\n\u{1}", "a": "é/\u{1F600}", "": ""]
    let text = CanonicalJSON.encode(object)
    #expect(text == #"{"":"","a":"é/😀","b":"\"\\\u000a\u0001"}"#)
    #expect(CanonicalJSON.decodeObject(text) == object)
    #expect(CanonicalJSON.decodeObject("[1]") == nil)
    #expect(CanonicalJSON.decodeArray(CanonicalJSON.encode(["a", "\t"])) == ["a", "\t"])
  }

  @Test("every field of an event changes its hash")
  func eventHash() {
    let entry = EventEntry(kind: .trustAdded, actor: "a", subject: "s", detail: ["k": "v"])
    let event = Event(entry, following: nil, at: LedgerSample.epoch)
    #expect(event.hash == event.computedHash)
    let edits: [(inout Event) -> Void] = [
      { $0.sequence = 2 }, { $0.time = Date(unixSeconds: 1) }, { $0.kind = .trustRemoved }, { $0.actor = "as" },
      { $0.subject = "" }, { $0.detail = "{}" }, { $0.previous[31] = 1 },
    ]
    var hashes: Set<[UInt8]> = [event.hash]
    for edit in edits {
      var edited = event
      edit(&edited)
      hashes.insert(edited.computedHash)
    }
    #expect(hashes.count == edits.count + 1)
  }

  @Test("every field of a reservation changes its digest")
  func reservationDigest() {
    let edits: [(inout Reservation) -> Void] = [
      { $0.serial = LedgerSample.serial(2) }, { $0.issuer = LedgerSample.otherIssuer }, { $0.subject += "x" },
      { $0.issuer = IssuerReference(keyID: $0.issuer.keyID, ordinal: 9) }, { $0.commonName = nil },
      { $0.commonName = "" }, { $0.organization = nil }, { $0.names.reverse() }, { $0.profile = "server" },
      { $0.keyAlgorithm = "rsa2048" }, { $0.notBefore += 1 }, { $0.notAfter += 1 }, { $0.publicKeyHash[0] ^= 1 },
      { $0.request = nil }, { $0.request = [] }, { $0.requestedBy = "else" },
    ]
    var digests: Set<[UInt8]> = [LedgerSample.reservation(1).digest]
    for edit in edits {
      var edited = LedgerSample.reservation(1)
      edit(&edited)
      digests.insert(edited.digest)
    }
    #expect(digests.count == edits.count + 1)
  }

  @Test("times beyond any calendar don't trap", arguments: [Double.infinity, -.infinity, .nan, 1e300])
  func times(_ seconds: Double) {
    #expect(Date(timeIntervalSince1970: seconds).unixSeconds.magnitude <= 9_007_199_254_740_992)
  }
}
