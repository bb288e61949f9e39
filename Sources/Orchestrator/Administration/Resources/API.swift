import Credentials
package import Foundation

/// What the administration interface sends and takes, as JSON. Times are RFC 3339, serials and hashes hexadecimal.
/// Commands print the same values.
package enum API {
  /// The most entries of one page.
  package static let mostEntries = 1000
  /// The entries of a page when nothing else is asked for.
  package static let pageSize = 100

  /// Reads a time that this interface sent.
  package static func time(_ text: String) -> Date? {
    (try? Date.ISO8601FormatStyle().parse(text))
      ?? (try? Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(text))
  }
}

/// A value that clients send. Unknown fields and nulls are refused, so that a misspelt wish isn't dropped silently.
package protocol APIInput: Codable, Sendable {
  /// The names of all its fields.
  static var fields: Set<String> { get }
}
