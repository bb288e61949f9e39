import Diagnosis
import Foundation

/// The exchange in the clear before TLS (NATS client protocol: INFO; PostgreSQL: SSLRequest).
struct StartTLSExchange {
  enum Step: Equatable {
    case wait
    case beginTLS
    /// The server speaks the protocol, but has no TLS.
    case notOffered(said: String)
    case otherProtocol(said: String)
  }

  private let startTLS: StartTLSProtocol
  private var received: [UInt8] = []
  private(set) var nats: NATSServerInfo?

  static let maximumGreeting = 64 * 1024

  init(_ startTLS: StartTLSProtocol) {
    self.startTLS = startTLS
  }

  /// What to send first: PostgreSQL's SSLRequest (80877103); NATS speaks first.
  var opening: [UInt8] {
    switch startTLS {
    case .nats: []
    case .postgres: [0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F]
    }
  }

  mutating func receive(_ bytes: some Sequence<UInt8>) -> Step {
    received += bytes
    switch startTLS {
    case .nats: return readInfo()
    case .postgres: return readAnswer()
    }
  }

  private mutating func readInfo() -> Step {
    let prefix = [UInt8]("INFO ".utf8)
    guard received.prefix(prefix.count).elementsEqual(prefix.prefix(received.count)) else {
      return .otherProtocol(said: printable(received))
    }
    guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else {
      return received.count > Self.maximumGreeting ? .otherProtocol(said: printable(received)) : .wait
    }
    guard end >= prefix.count,
      let info = try? JSONDecoder().decode(NATSServerInfo.self, from: Data(received[prefix.count..<end]))
    else { return .otherProtocol(said: printable(received)) }
    nats = info
    guard info.tlsRequired == true || info.tlsAvailable == true else {
      return .notOffered(said: "tls_required and tls_available are not set in INFO")
    }
    return isLast(end) ? .beginTLS : .otherProtocol(said: "data in the clear behind INFO")
  }

  private func readAnswer() -> Step {
    switch received.first {
    case nil: .wait
    case UInt8(ascii: "S"): isLast(0) ? .beginTLS : .otherProtocol(said: "data in the clear behind the answer S")
    case UInt8(ascii: "N"): .notOffered(said: "it answered N to SSLRequest; ssl = on is missing")
    case UInt8(ascii: "E"):
      .notOffered(said: PostgresError(message: received).map { "\($0.code) \($0.text)" } ?? printable(received))
    default: .otherProtocol(said: printable(received))
    }
  }

  /// Whether nothing follows: bytes sent in the clear must never count as sent under TLS.
  private func isLast(_ index: Int) -> Bool { index == received.count - 1 }
}

/// The first line of what a server said, cut and made printable.
func printable(_ bytes: some Collection<UInt8>, limit: Int = 160) -> String {
  let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }.prefix(limit)
  guard !line.isEmpty else { return bytes.isEmpty ? "nothing" : "\(bytes.count) bytes" }
  return String(decoding: line.map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: ".") }, as: UTF8.self)
}
