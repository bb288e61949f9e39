package import HTTPTypes

/// A refusal as the client sees it (RFC 9457). The cause that operators need goes to the log and the event record, not
/// in here.
package struct Problem: Error, Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case malformed
    case unauthenticated
    case forbidden
    case notFound = "not-found"
    case conflict
    case tooLarge = "too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case rejectedRequest = "rejected-request"
    case rateLimited = "rate-limited"
    case unavailable
    case `internal`
  }

  package var kind: Kind
  package var status: HTTPResponse.Status
  /// One sentence for a person, without anything secret.
  package var detail: String
  package var headers: HTTPFields

  package init(_ kind: Kind, _ status: HTTPResponse.Status, _ detail: String, headers: HTTPFields = [:]) {
    self.kind = kind
    self.status = status
    self.detail = detail
    self.headers = headers
  }
}
