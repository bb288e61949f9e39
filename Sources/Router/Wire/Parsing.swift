/// What the first bytes of a stream are, as far as they have come.
///
/// A parser is asked again with all of the bytes whenever more have come. It answers `needsMore` for every beginning of
/// something valid, and only as long as its limits leave room for more.
package enum Parsing<Value> {
  case needsMore
  /// - Parameter length: how many bytes of the stream the value takes.
  case parsed(Value, length: Int)
  /// Nothing that may follow makes it valid. The text says why, for a log line.
  case malformed(String)
}

extension Parsing: Equatable where Value: Equatable {}
extension Parsing: Sendable where Value: Sendable {}

/// Why bytes can't be what they should be.
struct Malformed: Error {
  let reason: String

  init(_ reason: String) {
    self.reason = reason
  }
}
