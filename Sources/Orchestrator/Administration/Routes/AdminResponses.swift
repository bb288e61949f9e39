import Credentials
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

extension AdminCall {
  /// An answer that may be asked for again: with an ETag, and 304 where the client has it already.
  func answer(_ value: some Encodable) throws -> Response {
    try answer(try Self.json(value), type: "application/json")
  }

  func answer(_ bytes: [UInt8], type: String) throws -> Response {
    let tag = "\"\(Array(SHA256.hash(data: bytes).prefix(16)).hexadecimal)\""
    var fields: HTTPFields = [.eTag: tag, .cacheControl: "private, no-cache", .vary: "Accept, Authorization"]
    if let known = headers[.ifNoneMatch], Self.matches(known, tag) {
      return Response(status: .notModified, headers: fields)
    }
    fields[.contentType] = type
    return Response(status: .ok, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// What an action did. It is kept nowhere: it may hold a secret.
  func done(_ value: some Encodable, status: HTTPResponse.Status = .ok, location: String? = nil) throws -> Response {
    var fields: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
    if let location { fields[.location] = location }
    return Response(
      status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try Self.json(value))))
  }

  /// All events after a number, one JSON object a line, as they are read.
  func eventLines(after first: Int64) -> Response {
    let administration = administration
    let body = ResponseBody { writer in
      var after: Int64? = first
      while let sequence = after {
        let page = try await administration.events(after: sequence, limit: API.mostEntries)
        var buffer = ByteBuffer()
        for event in page.events {
          buffer.writeBytes(try Self.json(event))
          buffer.writeInteger(UInt8(ascii: "\n"))
        }
        if buffer.readableBytes > 0 { try await writer.write(buffer) }
        after = page.next
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok, headers: [.contentType: "application/x-ndjson", .cacheControl: "private, no-cache"], body: body)
  }

  private static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
  }

  /// RFC 9110 §13.1.2: weak comparison.
  private static func matches(_ field: String, _ tag: String) -> Bool {
    field.split(separator: ",").contains { item in
      let item = item.trimmingCharacters(in: .whitespaces)
      return item == "*" || item == tag || item == "W/\(tag)"
    }
  }
}

extension Problem {
  /// What an administrator's wish failed of; nil for a failure that isn't the client's business.
  init?(administrative error: any Error) {
    switch error {
    case let problem as Problem: self = problem
    case let error as AdministrationError:
      switch error {
      case .noSuch: self.init(.notFound, .notFound, error.message)
      case .wrongCode: self.init(.forbidden, .forbidden, error.message)
      case .ambiguousNode, .notWaiting, .noAddress: self.init(.conflict, .conflict, error.message)
      case .invalid: self.init(.invalidValue, .unprocessableContent, error.message)
      }
    case let error as LedgerError:
      switch error {
      case .notFound, .notASerial: self.init(.notFound, .notFound, error.message)
      case .ambiguousSerial, .alreadyRevoked, .neverIssued, .claimRefused, .alreadyIssued, .duplicateSerial:
        self.init(.conflict, .conflict, error.message)
      case .unusable: self.init(.invalidValue, .unprocessableContent, error.message)
      default: return nil
      }
    case let error as any ExplainedError where error.kind != .environment:
      self.init(.invalidValue, .unprocessableContent, error.message)
    default: return nil
    }
  }
}
