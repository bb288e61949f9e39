import Credentials

/// What `events --verify` found.
package struct LedgerReport: Sendable, Hashable {
  package struct Problem: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
      /// An event's content doesn't have the event's hash.
      case editedEvent
      /// One or more sequence numbers are absent.
      case missingEvents
      /// An event doesn't continue the one before it.
      case brokenLink
      /// An event says what can't follow from the events before it.
      case impossibleEvent
      /// A row differs from what the events say.
      case editedRow
      /// The events tell of a row that is not there.
      case missingRow
      /// A row that no event tells of.
      case strayRow
      /// The chain ends before the checkpoint.
      case truncated
      /// The checkpoint's event has another hash now.
      case rewritten
    }

    package var kind: Kind
    /// The event concerned, where one is.
    package var sequence: Int64?
    /// The serial concerned, in hexadecimal, where one is.
    package var serial: String?
    /// One sentence, lower case, no full stop.
    package var explanation: String

    package init(kind: Kind, sequence: Int64? = nil, serial: String? = nil, explanation: String) {
      self.kind = kind
      self.sequence = sequence
      self.serial = serial
      self.explanation = explanation
    }
  }

  package var events: Int
  package var certificates: Int
  /// The end of the chain; nil when it is empty.
  package var head: Checkpoint?
  /// The first problems found, at most ``LedgerReport/mostProblems``.
  package var problems: [Problem]
  /// How many were found in all.
  package var problemCount: Int

  package static let mostProblems = 1000

  package init(events: Int, certificates: Int, head: Checkpoint?, problems: [Problem], problemCount: Int) {
    self.events = events
    self.certificates = certificates
    self.head = head
    self.problems = problems
    self.problemCount = problemCount
  }

  package var isIntact: Bool { problemCount == 0 }
}
