import ArgumentParser
import Credentials
import Foundation
import Glibc
import Router

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say why a router turned a connection away.",
    discussion: """
      The ID is in the router's log line, and in the body of a 403.
        countersign explain 7edb6208031aacc7
      """)

  @OptionGroup var common: CommonOptions
  @Option(help: ArgumentHelp("The router's admin socket.", valueName: "path")) var admin =
    "/run/countersign/router.sock"
  @Argument(help: ArgumentHelp("The ID of the refusal.", valueName: "id")) var id: String

  func run() throws {
    guard id.count <= 64, id.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
      throw CommandError.usage("\"\(id)\" is no ID of a refusal", hint: "it has 16 hexadecimal digits")
    }
    let (status, body) = try AdminSocket(path: admin).get("/records/\(id)")
    guard status == 200 else {
      throw CommandError.refused(
        "the router has no record \(id)", hint: "it keeps the latest 1,000 until it is stopped; its log has the line")
    }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard let record = try? decoder.decode(HandshakeRecord.self, from: Data(body)) else {
      throw CommandError.environment("\(admin) doesn't answer as a router does", hint: "check the path")
    }
    try common.console.emit(HandshakeRecordFacts(record: record))
  }
}

/// A refusal with both sides' evidence.
struct HandshakeRecordFacts: Facts {
  var record: HandshakeRecord

  func lines(_ style: TextStyle) -> [String] {
    fieldLines(refusal + evidence + expectation)
  }

  private var refusal: [(String, String?)] {
    [
      ("refused", record.id), ("at", record.time.formatted(.iso8601)), ("listener", record.listener),
      ("client", record.client), ("request", request), ("route", record.route),
      ("because", record.reason ?? record.outcome), ("rule", record.rule), ("hint", record.hint),
    ]
  }

  private var request: String? { record.method.map { "\($0) \(record.host ?? "")\(record.path ?? "")" } }

  /// What the client showed.
  private var evidence: [(String, String?)] {
    let presented = record.presented
    return [
      ("server name", record.serverName), ("TLS", record.version),
      ("presented", presented?.subject ?? "no certificate that could be read"), ("issuer", presented?.issuer),
      ("serial", presented?.serial), ("names", presented.flatMap(names)),
      ("valid", presented.map { "\($0.notBefore.formatted(.iso8601)) to \($0.notAfter.formatted(.iso8601))" }),
      ("sha256", presented?.fingerprint), ("chain", presented.map { _ in chain }),
    ]
  }

  private func names(_ presented: HandshakeRecord.Presented) -> String? {
    let more = presented.namesLeftOut.map { ["and \($0) more"] } ?? []
    return Self.joined(presented.names + more, ", ")
  }

  private var chain: String {
    let all = record.chain.count + (record.chainLeftOut ?? 0)
    return "\(all) certificates" + (record.chainLeftOut.map { ", \($0) of them too large to be kept" } ?? "")
  }

  /// What was expected of it.
  private var expectation: [(String, String?)] {
    [
      ("trusted", Self.joined(record.trusted, "; ")), ("allow", Self.joined(record.allow, "; ")),
      ("deny", Self.joined(record.deny, "; ")), ("cluster", record.cluster), ("endpoint", record.endpoint),
    ]
  }

  private static func joined(_ texts: [String], _ separator: String) -> String? {
    texts.isEmpty ? nil : texts.joined(separator: separator)
  }
}

/// Asks a router by its admin socket.
struct AdminSocket {
  let path: String
  private static let limit = 16 << 20

  func get(_ target: String) throws -> (status: Int, body: [UInt8]) {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var time = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, UInt32(MemoryLayout<timeval>.size))
    guard let result = SocketAddress(.unix(path)).withSystemAddress({ connect(descriptor, $0, $1) }) else {
      throw CommandError.usage("\(path) is no path of a socket", hint: "it has 1 to 107 bytes")
    }
    guard result == 0 else { throw failure() }
    let request = Array("GET \(target) HTTP/1.0\r\nHost: router\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { throw failure() }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while answer.count < Self.limit {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure() }
      if count == 0 { break }
      answer += chunk[..<count]
    }
    let text = String(decoding: answer, as: UTF8.self)
    let words = text.prefix(while: { $0 != "\r\n" }).split(separator: " ")
    guard words.count >= 2, let status = Int(words[1]), let end = text.range(of: "\r\n\r\n") else {
      throw CommandError.environment("\(path) doesn't answer as a router does", hint: "check the path")
    }
    return (status, Array(text[end.upperBound...].utf8))
  }

  private func failure() -> CommandError {
    let number = errno
    guard number != EACCES, number != EPERM else {
      return .environment(
        "\(path) can't be opened: permission denied",
        hint: "its owner and its group may (mode 0660): ask as root, or as the user that the router runs as")
    }
    return .environment(
      "no router answers at \(path): \(String(cString: strerror(number)))",
      hint: "is it running, and does its router.yaml name this path with admin?")
  }
}
