import Credentials
import Crypto
package import Foundation

/// What a caller wants written down.
package struct EventEntry: Sendable, Hashable {
  package var kind: EventKind
  /// Who did it: the operating system's user.
  package var actor: String
  /// What it was done to: a serial in hexadecimal, a file, a name.
  package var subject: String
  /// Never a secret.
  package var detail: [String: String]

  package init(kind: EventKind, actor: String, subject: String, detail: [String: String] = [:]) {
    self.kind = kind
    self.actor = actor
    self.subject = subject
    self.detail = detail
  }

  /// Refuses texts that a database would silently cut.
  ///
  /// - Throws: ``LedgerError/unusable(what:)``.
  package static func check(_ texts: [String]) throws(LedgerError) {
    guard texts.allSatisfy({ !$0.utf8.contains(0) }) else { throw .unusable(what: "a NUL character in an event") }
  }
}

/// An entry whose detail is encoded already, as the chain keeps it.
package struct EncodedEntry: Sendable, Hashable {
  package var kind: EventKind
  package var actor: String
  package var subject: String
  /// A JSON object of strings in canonical form.
  package var detail: String

  package init(kind: EventKind, actor: String, subject: String, detail: String) {
    self.kind = kind
    self.actor = actor
    self.subject = subject
    self.detail = detail
  }

  package init(_ entry: EventEntry) {
    self.init(
      kind: entry.kind, actor: entry.actor, subject: entry.subject, detail: CanonicalJSON.encode(entry.detail))
  }
}

/// One link of the ledger's hash chain.
package struct Event: Sendable, Hashable {
  /// 1, 2, 3 … without gaps.
  package var sequence: Int64
  /// Whole seconds.
  package var time: Date
  package var kind: EventKind
  package var actor: String
  package var subject: String
  /// A JSON object of strings in canonical form: keys sorted, no white space.
  package var detail: String
  /// The hash of the event before; ``Event/genesis`` for the first.
  package var previous: [UInt8]
  /// SHA-256 over all the fields above.
  package var hash: [UInt8]

  package init(
    sequence: Int64, time: Date, kind: EventKind, actor: String, subject: String, detail: String, previous: [UInt8],
    hash: [UInt8]
  ) {
    self.sequence = sequence
    self.time = time
    self.kind = kind
    self.actor = actor
    self.subject = subject
    self.detail = detail
    self.previous = previous
    self.hash = hash
  }

  /// What the first event has in place of a predecessor's hash.
  package static let genesis = [UInt8](repeating: 0, count: 32)

  /// The event that follows `head`.
  package init(_ entry: EventEntry, following head: Checkpoint?, at time: Date) {
    self.init(EncodedEntry(entry), following: head, at: time)
  }

  package init(_ entry: EncodedEntry, following head: Checkpoint?, at time: Date) {
    let last = head?.sequence ?? 0
    self.init(
      sequence: last &+ 1, time: Date(unixSeconds: time.unixSeconds), kind: entry.kind, actor: entry.actor,
      subject: entry.subject, detail: entry.detail, previous: head?.hash ?? Event.genesis,
      hash: [])
    hash = computedHash
  }

  /// SHA-256 over the fields, each with its length in front, so that no two events have the same input.
  package var computedHash: [UInt8] {
    var input = LengthPrefixed("countersign event v1")
    input.append(sequence)
    input.append(time.unixSeconds)
    input.append(kind.rawValue)
    input.append(actor)
    input.append(subject)
    input.append(detail)
    input.append(previous)
    return input.hash
  }

  /// The detail, read back; empty when it isn't a JSON object of strings.
  package var details: [String: String] { CanonicalJSON.decodeObject(detail) ?? [:] }
}

/// Fields with their lengths in front, for hashing.
struct LengthPrefixed {
  private var bytes: [UInt8] = []

  init(_ purpose: String) {
    bytes.reserveCapacity(1024)
    append(purpose)
  }

  private mutating func append(length: Int) {
    withUnsafeBytes(of: UInt64(length).bigEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(_ field: [UInt8]) {
    append(length: field.count)
    bytes.append(contentsOf: field)
  }

  mutating func append(_ text: String) {
    append(length: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ number: Int64) {
    append(length: 8)
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  /// An absent field differs from an empty one.
  mutating func append(_ text: String?) {
    guard let text else { return append(length: 0) }
    append(length: text.utf8.count + 1)
    bytes.append(1)
    bytes.append(contentsOf: text.utf8)
  }

  mutating func append(_ field: [UInt8]?) {
    guard let field else { return append(length: 0) }
    append(length: field.count + 1)
    bytes.append(1)
    bytes.append(contentsOf: field)
  }

  var hash: [UInt8] { Array(SHA256.hash(data: bytes)) }
}
