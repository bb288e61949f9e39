import Foundation
import GRDB
import Ledger

/// Reads a row's values by position, and throws where a column doesn't hold what it should: the file is outside bytes.
struct Columns {
  struct Unreadable: Error {
    var reason: String
  }

  let row: Row

  init(_ row: Row) { self.row = row }

  private func value(_ index: Int) throws -> DatabaseValue.Storage {
    guard index < row.count else { throw Unreadable(reason: "column \(index) is absent") }
    return (row[index] as DatabaseValue).storage
  }

  private func name(_ index: Int) -> String {
    row.columnNames.dropFirst(index).first ?? String(index)
  }

  func integer(_ index: Int) throws -> Int64 {
    guard case .int64(let number) = try value(index) else { throw Unreadable(reason: "\(name(index)) is no number") }
    return number
  }

  func text(_ index: Int) throws -> String {
    guard case .string(let text) = try value(index) else { throw Unreadable(reason: "\(name(index)) is no text") }
    return text
  }

  func bytes(_ index: Int) throws -> [UInt8] {
    guard case .blob(let data) = try value(index) else { throw Unreadable(reason: "\(name(index)) is no blob") }
    return Array(data)
  }

  func time(_ index: Int) throws -> Date { Date(unixSeconds: try integer(index)) }

  /// A list of texts, as the ledger writes one.
  func texts(_ index: Int) throws -> [String] {
    let text = try text(index)
    guard let texts = CanonicalJSON.decodeArray(text), CanonicalJSON.encode(texts) == text else {
      throw Unreadable(reason: "\(name(index)) is unreadable")
    }
    return texts
  }

  func optional<T>(_ index: Int, _ read: (Int) throws -> T) throws -> T? {
    if case .null = try value(index) { return nil }
    return try read(index)
  }
}
