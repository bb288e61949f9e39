import Credentials
package import Ledger

extension API {
  package struct Event: Codable, Sendable, Hashable {
    package var sequence: Int64
    package var time: String
    package var kind: String
    package var actor: String
    package var subject: String
    package var detail: [String: String]
    package var hash: String
  }

  package struct EventList: Codable, Sendable, Hashable {
    package var events: [Event]
    /// The sequence number to go on after; absent on the last page.
    package var next: Int64?
  }

  package struct Checkpoint: Codable, Sendable, Hashable {
    /// The line of a checkpoint file; absent while there are no events.
    package var checkpoint: String?
  }
}

extension API.Event {
  package init(_ event: Ledger.Event) {
    sequence = event.sequence
    time = rfc3339(event.time)
    kind = event.kind.rawValue
    actor = event.actor
    subject = event.subject
    detail = event.details
    hash = event.hash.hexadecimal
  }
}
