package import X509

/// The answer to a ``PathRequest``.
package enum Verdict: Hashable, Sendable {
  /// From the leaf to the trusted certificate.
  case accepted(path: [Certificate])
  case rejected(Rejection)

  package var rejection: Rejection? {
    if case .rejected(let rejection) = self { rejection } else { nil }
  }

  package var path: [Certificate]? {
    if case .accepted(let path) = self { path } else { nil }
  }
}

/// Why no path was accepted.
package struct Rejection: Error, Hashable, Sendable {
  /// What the operator sees: the reason of the path that came furthest.
  package var first: Reason
  /// What lies beneath it and why the other paths failed; without repeats.
  package var underlying: [Reason]
  /// The path that came furthest, from the leaf.
  package var path: [Certificate]
  /// The subject of the certificate that the first reason is about; nil when it couldn't be read.
  package var subject: String?

  package init(_ first: Reason, underlying: [Reason] = [], path: [Certificate] = [], subject: String? = nil) {
    self.first = first
    self.underlying = underlying
    self.path = path
    self.subject = subject
  }
}

extension Rejection: ExplainedError {
  package var message: String {
    guard let subject, !subject.isEmpty else { return first.message }
    return "\(subject): \(first.message)"
  }

  package var hint: String? { first.hint }

  package var kind: FailureKind { .refused }
}

extension Rejection: Encodable {
  private enum CodingKeys: String, CodingKey { case first, underlying, path, subject }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(first, forKey: .first)
    try container.encode(underlying, forKey: .underlying)
    try container.encode(path.map(\.subject.description), forKey: .path)
    try container.encodeIfPresent(subject, forKey: .subject)
  }
}
