import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

/// A request to the administration interface, decoded as far as all operations have it in common.
struct AdminCall: Sendable {
  let administration: any Administration
  let core: OrchestratorCore
  let publisher: CRLPublisher
  let decisions: DecisionLog
  /// Whom events name.
  let actor: String
  /// The address that asks.
  let source: String
  let query: [String: String]
  let body: [UInt8]
  let headers: HTTPFields
  let parameters: Parameters

  /// A part of the path, percent-decoded.
  func parameter(_ name: String) throws -> String {
    guard let text = parameters.get(name)?.removingPercentEncoding, !text.isEmpty, text.utf8.count <= 512 else {
      throw Problem(.notFound, .notFound, "there is nothing of this name")
    }
    return text
  }

  /// A common name or an organization of the query.
  func name(_ name: String) throws -> String? {
    guard let text = query[name] else { return nil }
    guard (1...64).contains(text.unicodeScalars.count) else {
      throw Problem(.malformed, .badRequest, "\(name) must have 1 to 64 characters")
    }
    return text
  }

  /// A whole number of the query, within bounds.
  func number(_ name: String, default value: Int, _ range: ClosedRange<Int>) throws -> Int {
    guard let text = query[name] else { return value }
    guard let number = Int(text), range.contains(number), text == "\(number)" else {
      throw Problem(
        .malformed, .badRequest, "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  var limit: Int { get throws { try number("limit", default: API.pageSize, 1...API.mostEntries) } }

  func flag(_ name: String, default value: Bool) throws -> Bool {
    switch query[name] {
    case nil: value
    case "true": true
    case "false": false
    default: throw Problem(.malformed, .badRequest, "\(name) must be true or false")
    }
  }

  func choice<Choice: RawRepresentable<String>>(_ name: String, of type: Choice.Type) throws -> Choice? {
    guard let text = query[name] else { return nil }
    guard let choice = Choice(rawValue: text) else {
      throw Problem(.malformed, .badRequest, "\(name) has a value that isn't known")
    }
    return choice
  }

  func time(_ name: String) throws -> Date? {
    guard let text = query[name] else { return nil }
    guard text.utf8.count <= 40, let time = API.time(text) else {
      throw Problem(.malformed, .badRequest, "\(name) must be a time, such as 2030-01-31T12:00:00Z")
    }
    return time
  }

  /// Whether the client asks for a media type by name.
  func accepts(_ type: String) -> Bool {
    headers[values: .accept].contains { field in
      field.split(separator: ",").contains { range in
        let parts = range.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        let isRefused = parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        return parts.first == type && !isRefused
      }
    }
  }

  /// The body, read strictly.
  func input<Input: APIInput>(_ type: Input.Type) throws -> Input {
    let mediaType = headers[.contentType]?.split(separator: ";").first?.trimmingCharacters(in: .whitespaces)
    guard mediaType?.lowercased() == "application/json" else {
      throw Problem(.unsupportedMediaType, .unsupportedMediaType, "the body must be application/json")
    }
    guard String(validating: body, as: UTF8.self) != nil else {
      throw Problem(.malformed, .badRequest, "the body isn't UTF-8")
    }
    do {
      return try JSONDecoder().decode(StrictInput<Input>.self, from: Data(body)).value
    } catch let problem as Problem {
      throw problem
    } catch DecodingError.keyNotFound(let key, _) {
      throw Problem(.malformed, .badRequest, "the field \(key.stringValue) is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
      let field = context.codingPath.first?.stringValue ?? "the body"
      throw Problem(.malformed, .badRequest, "\(field) has a value of the wrong type")
    } catch {
      throw Problem(.malformed, .badRequest, "the body isn't JSON")
    }
  }
}

/// Decodes an object that has no other fields than those that are known, and none that is null.
private struct StrictInput<Value: APIInput>: Decodable {
  let value: Value

  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      guard Value.fields.contains(key.stringValue) else {
        throw Problem(.malformed, .badRequest, "the field \(key.stringValue.prefix(60)) isn't known here")
      }
      if try container.decodeNil(forKey: key) {
        throw Problem(.malformed, .badRequest, "the field \(key.stringValue) is null; leave it out instead")
      }
    }
    value = try Value(from: decoder)
  }
}

/// The parameters of a query string.
enum QueryString {
  /// - Throws: a ``Problem`` for a parameter that isn't known, one that comes twice, or broken encoding.
  static func parse(_ text: String?, known: Set<String>) throws -> [String: String] {
    var values: [String: String] = [:]
    for part in (text ?? "").split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = decode(pair[0]), let value = decode(pair.count > 1 ? pair[1] : "") else {
        throw Problem(.malformed, .badRequest, "the query isn't percent-encoded UTF-8")
      }
      guard known.contains(name) else {
        throw Problem(.malformed, .badRequest, "the parameter \(name.prefix(60)) isn't known here")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw Problem(.malformed, .badRequest, "the parameter \(name) is there twice")
      }
    }
    return values
  }

  private static func decode(_ text: Substring) -> String? {
    text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
  }
}
