import Testing

@testable import Router

/// Remembers what it was told, in an order that doesn't depend on where bytes were cut.
private final class Reader: HTTP1ParserUser {
  enum End: Equatable {
    case open, tooLarge, malformed
  }

  private let parser: HTTP1Parser
  private(set) var heard: [String] = []
  private(set) var end = End.open
  private var body: [UInt8] = []

  init(_ kind: HTTP1Parser.Kind, headLimit: Int = 1 << 20) {
    parser = HTTP1Parser(kind, headLimit: headLimit)
    parser.user = self
  }

  func read(_ bytes: [UInt8], inPiecesOf size: Int) -> Reader {
    for start in stride(from: 0, to: bytes.count, by: size) {
      var rest = bytes[start..<min(start + size, bytes.count)]
      while !rest.isEmpty, end == .open {
        switch rest.withUnsafeBytes({ parser.parse($0) }) {
        case .needsMore: rest = []
        case .message(let used), .upgraded(let used): rest = rest.dropFirst(used)
        case .tooLarge: end = .tooLarge
        case .malformed: end = .malformed
        }
      }
    }
    return self
  }

  private func text(_ fields: HTTPFields) -> String {
    fields.fields.map { field in
      fields.withField(field) { "\(String(decoding: $0, as: UTF8.self)): \(String(decoding: $1, as: UTF8.self))" }
    }
    .joined(separator: "; ")
  }

  func parserFoundHead(_ parser: HTTP1Parser) {
    let target = String(decoding: parser.target, as: UTF8.self)
    heard.append("\(parser.method) \(target) \(parser.status) \(parser.minor) \(text(parser.fields))")
  }

  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer) { body += bytes }

  func parserFoundEnd(_ parser: HTTP1Parser) {
    heard.append("body \(String(decoding: body, as: UTF8.self)); \(parser.isInTrailers ? text(parser.fields) : "")")
    body = []
  }
}

@Suite("messages of HTTP/1")
struct HTTP1ParserTests {
  private static let requests = [
    "GET /telemetry/1?x=y HTTP/1.1\r\nHost: a\r\nX_Node: robot\r\nEmpty:\r\n\r\n",
    "POST / HTTP/1.1\r\nhost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nhost: b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;q=1\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n",
    "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "OPTIONS * HTTP/1.0\r\n\r\n",
  ]
  private static let answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 304 \r\nETag: \"x\"\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
    "HTTP/1.0 200\r\nConnection: close\r\n\r\nuntil the end",
  ]

  @Test("a message is the same in whatever pieces it comes", arguments: [1, 2, 3, 7])
  func pieces(size: Int) {
    for (kind, messages) in [(HTTP1Parser.Kind.request, Self.requests), (.response, Self.answers)] {
      for message in messages {
        let bytes = Array(message.utf8)
        let whole = Reader(kind).read(bytes, inPiecesOf: bytes.count)
        let cut = Reader(kind).read(bytes, inPiecesOf: size)
        #expect(whole.end == .open && !whole.heard.isEmpty, "\(message)")
        #expect(cut.heard == whole.heard && cut.end == whole.end, "\(message)")
      }
    }
  }

  @Test(
    "what could be read in two ways isn't read",
    arguments: [
      "Content-Length: 6\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 6",
      "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5, 5", "Content-Length: +5", "Content-Length: 0x5",
      "Content-Length: 18446744073709551616", "Content-Length : 5", "Transfer-Encoding: \u{b}chunked",
      "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
      "X: a\r\n b", "X: a\nY: b", "X: a\rY: b", "X: a\0b", ": a", "X",
    ])
  func ambiguous(fields: String) {
    let bytes = Array("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n0\r\n\r\n".utf8)
    let reader = Reader(.request).read(bytes, inPiecesOf: bytes.count)
    #expect(reader.end == .malformed && reader.heard.isEmpty)
  }

  @Test("a head that is too large is told, and isn't kept")
  func large() {
    for head in [
      "GET /\(String(repeating: "a", count: 2000))", "GET / HTTP/1.1\r\nX: \(String(repeating: "a", count: 2000))",
    ] {
      let reader = Reader(.request, headLimit: 1024).read(Array(head.utf8), inPiecesOf: 64)
      #expect(reader.end == .tooLarge && reader.heard.isEmpty)
    }
  }

  @Test("damaged messages never trap, and are damaged alike in pieces")
  func damaged() {
    for (kind, messages) in [(HTTP1Parser.Kind.request, Self.requests), (.response, Self.answers)] {
      for original in messages.map({ Array($0.utf8) }) {
        for index in original.indices {
          for value: UInt8 in [0, 9, 10, 13, 32, 44, 48, 58, 255] {
            var bytes = original
            bytes[index] = value
            let whole = Reader(kind).read(bytes, inPiecesOf: bytes.count)
            let cut = Reader(kind).read(bytes, inPiecesOf: 1)
            #expect(cut.heard == whole.heard && cut.end == whole.end, "\(value) at \(index) of \(original)")
          }
        }
      }
    }
  }
}
