import Credentials
import Foundation
package import HTTPTypes
package import Hummingbird
import Ledger

/// A refusal as the client sees it (RFC 9457). The cause that operators need goes to the log and the event record, not
/// in here.
package struct Problem: Error, Sendable, Hashable {
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    case malformed
    case unauthenticated
    case forbidden
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case conflict
    case tooLarge = "too-large"
    case unsupportedMediaType = "unsupported-media-type"
    case rejectedRequest = "rejected-request"
    case invalidValue = "invalid-value"
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

extension Problem {
  /// What a client learns of any error: of one that isn't meant for it, nothing.
  package init(_ error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as LedgerError where error.kind == .environment: self = .noLedger
    case let error as any HTTPResponseError: self.init(status: error.status)
    case is DecodingError: self.init(status: .badRequest)
    case is CancellationError: self = .stopping
    default: self.init(.internal, .internalServerError, "an error occurred; the log of the service says which")
    }
  }

  /// What the HTTP library refuses by itself.
  private init(status: HTTPResponse.Status) {
    switch status.code {
    case 404: self.init(.notFound, status, "there is nothing at this path")
    case 405: self.init(.methodNotAllowed, status, "this path doesn't take this method")
    case 413: self.init(.tooLarge, status, "the request's body is too large")
    case 415: self.init(.unsupportedMediaType, status, "the request's media type is not understood here")
    case 400..<500: self.init(.malformed, status, "the request can't be understood")
    default: self.init(.internal, .internalServerError, "an error occurred; the log of the service says which")
    }
  }

  private static let noLedger = Problem(
    .unavailable, .serviceUnavailable, "the record can't be written now, so nothing is issued",
    headers: [.retryAfter: "10"])

  private static let stopping = Problem(
    .unavailable, .serviceUnavailable, "the service is stopping", headers: [.retryAfter: "5"])

  /// A path that exists, asked with a method that it doesn't take (RFC 9110 §15.5.6).
  package static func methodNotAllowed(allowing methods: [HTTPRequest.Method]) -> Problem {
    Problem(
      .methodNotAllowed, .methodNotAllowed, "this path doesn't take this method",
      headers: [.allow: methods.map(\.rawValue).joined(separator: ", ")])
  }
}

extension Problem: HTTPResponseError {
  /// The document. Its instance is the ID under which the log has the request.
  package func response(from request: Request, context: some RequestContext) throws -> Response {
    response(instance: context.requestID)
  }

  func response(instance: String) -> Response {
    let document = Document(
      type: "urn:countersign:problem:\(kind.rawValue)", title: kind.title, status: status.code, detail: detail,
      instance: "urn:countersign:request:\(instance)")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Five strings and a number: nothing of it can fail to encode.
    let body = (try? encoder.encode(document)) ?? Data("{}".utf8)
    var fields = headers
    fields[.contentType] = "application/problem+json"
    fields[.cacheControl] = "no-store"
    return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
  }

  private struct Document: Encodable {
    var type: String
    var title: String
    var status: Int
    var detail: String
    var instance: String
  }
}

extension Problem.Kind {
  /// The same sentence for all problems of a kind.
  package var title: String {
    switch self {
    case .malformed: "The request can't be understood"
    case .unauthenticated: "Credentials are missing or wrong"
    case .forbidden: "The request is not permitted"
    case .notFound: "Not found"
    case .methodNotAllowed: "The method is not allowed here"
    case .conflict: "The request contradicts the present state"
    case .tooLarge: "The request is too large"
    case .unsupportedMediaType: "The media type is not supported"
    case .rejectedRequest: "The certificate request was refused"
    case .invalidValue: "A value is not acceptable"
    case .rateLimited: "Too many requests"
    case .unavailable: "The service can't answer now"
    case .internal: "The service failed"
    }
  }
}
