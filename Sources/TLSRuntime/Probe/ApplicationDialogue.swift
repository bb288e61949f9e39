import Diagnosis
import Foundation

/// A harmless question of an application protocol, by whose answer a server shows whether it accepted the client.
enum ApplicationDialogue {
  case http(host: String)
  case nats
  case postgres(user: String)

  /// More of an answer than this is not read.
  static let maximumAnswer = 16 * 1024

  var question: [UInt8] {
    switch self {
    case .http(let host):
      Array("GET / HTTP/1.0\r\nHost: \(host)\r\nUser-Agent: countersign-check\r\nConnection: close\r\n\r\n".utf8)
    case .nats:
      Array(
        "CONNECT {\"verbose\":false,\"pedantic\":false,\"tls_required\":true,\"name\":\"countersign check\"}\r\nPING\r\n"
          .utf8)
    case .postgres(let user):
      Self.startupMessage(user: user)
    }
  }

  /// Judges what was answered so far; nil while more is needed, never nil when `isComplete`.
  func judge(_ answer: [UInt8], isComplete: Bool) -> HandshakeOutcome? {
    if answer.isEmpty { return isComplete ? .accepted(.stayedOpen) : nil }
    let isComplete = isComplete || answer.count >= Self.maximumAnswer
    let verdict: HandshakeOutcome?
    switch self {
    case .http: verdict = Self.judgeHTTP(answer, isComplete: isComplete)
    case .nats: verdict = Self.judgeNATS(answer)
    case .postgres: verdict = Self.judgePostgres(answer)
    }
    return verdict ?? (isComplete ? .accepted(.answered(printable(answer))) : nil)
  }

  /// nginx and others answer 400, 403, 495 or 496 and name the certificate in the page.
  private static func judgeHTTP(_ answer: [UInt8], isComplete: Bool) -> HandshakeOutcome? {
    guard let end = answer.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let statusLine = printable(answer[..<end])
    let fields = statusLine.split(separator: " ")
    guard fields.count >= 2, fields[0].hasPrefix("HTTP/"), let status = Int(fields[1]),
      [400, 403, 495, 496].contains(status)
    else { return .accepted(.answered(statusLine)) }
    let page = String(decoding: answer.prefix(maximumAnswer), as: UTF8.self)
    let title = page.ranges(of: "<title>").first.flatMap { start in
      page[start.upperBound...].ranges(of: "</title>").first.map { page[start.upperBound..<$0.lowerBound] }
    }
    guard isComplete || title != nil, page.lowercased().contains("certificate") else { return nil }
    let words = title.map { printable(Array($0.utf8)) } ?? statusLine
    let said = words.hasPrefix("\(status) ") ? String(words.dropFirst("\(status) ".count)) : words
    return .refused(.init(.http(status: status, said: said), .afterHandshake))
  }

  private static func judgeNATS(_ answer: [UInt8]) -> HandshakeOutcome? {
    guard let end = answer.lastIndex(of: UInt8(ascii: "\n")) else { return nil }
    for line in answer[..<end].split(separator: UInt8(ascii: "\n")) {
      let text = printable(line)
      if text.hasPrefix("PONG") { return .accepted(.answered(text)) }
      guard text.hasPrefix("-ERR") else { continue }
      if text.lowercased().contains("certificate") {
        return .refused(.init(.message(code: "", said: text), .afterHandshake))
      }
      return .accepted(.answered(text))
    }
    return nil
  }

  private static func judgePostgres(_ answer: [UInt8]) -> HandshakeOutcome? {
    if answer.first == UInt8(ascii: "R"), answer.count >= 9 {
      return .accepted(
        .answered(answer[5..<9].allSatisfy { $0 == 0 } ? "AuthenticationOk" : "a request to authenticate"))
    }
    guard let error = PostgresError(message: answer) else { return nil }
    if error.code.hasPrefix("28"), error.text.lowercased().contains("certificate") {
      return .refused(.init(.message(code: error.code, said: error.text), .afterHandshake))
    }
    return .accepted(.answered("\(error.code) \(error.text)"))
  }

  /// StartupMessage of protocol 3.0: length, version, then pairs of NUL-terminated strings.
  private static func startupMessage(user: String) -> [UInt8] {
    var body: [UInt8] = [0, 3, 0, 0]
    for text in ["user", String(user.filter { $0 != "\0" }.prefix(256)), "database", "postgres"] {
      body += Array(text.utf8) + [0]
    }
    body.append(0)
    let length = body.count + 4
    return [0, 0, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)] + body
  }
}

/// PostgreSQL's ErrorResponse: 'E', length, then fields of one letter and a NUL-terminated string.
struct PostgresError {
  /// SQLSTATE.
  var code = ""
  var text = ""

  /// Nil until the message is whole, or when it is another one.
  init?(message: [UInt8]) {
    guard message.first == UInt8(ascii: "E"), message.count >= 5 else { return nil }
    let length = message[1..<5].reduce(0) { $0 << 8 | Int($1) }
    guard (5...ApplicationDialogue.maximumAnswer).contains(length), message.count > length else { return nil }
    for field in message[5...length].split(separator: 0) {
      guard let letter = field.first else { continue }
      let value = printable(field.dropFirst())
      switch letter {
      case UInt8(ascii: "C"): code = value
      case UInt8(ascii: "M"): text = value
      default: break
      }
    }
  }
}
