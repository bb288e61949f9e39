import Credentials

/// What a client sends in plain text before TLS begins, or before it is known where its bytes go.
struct Preface {
  private enum Step {
    case proxy(ProxyHeader.Versions)
    case postgres
    /// Read and left where it is: TLS isn't terminated here.
    case hello
  }

  enum Progress {
    case needsMore
    case malformed(String)
    /// The client is told why in its own protocol.
    case refused(answer: [UInt8], String)
    /// The client waits for this.
    case answer([UInt8])
    /// What follows, read already.
    case done(rest: [UInt8])
  }

  private var steps: [Step] = []
  private let hasTLS: Bool
  private var buffer: [UInt8] = []
  private(set) var proxy: ProxyHeader?
  private(set) var hello: ClientHello?
  /// Why it can't begin.
  private(set) var refusal: String?

  init(_ listener: ListenerConfiguration, from address: SocketAddress) {
    hasTLS = listener.identity != nil
    if let accepted = listener.proxyProtocol {
      if address.ip.map({ ip in accepted.from.contains { $0.contains(ip) } }) ?? true {
        steps.append(.proxy(accepted.accept == .v2 ? .v2Only : .any))
      } else {
        refusal = "\(address) may not say who its client is"
      }
    }
    switch listener.protocol {
    case .postgres: steps.append(.postgres)
    case .passthrough: steps.append(.hello)
    case .tcp, .http: break
    }
  }

  var isDone: Bool { steps.isEmpty }

  mutating func take(_ bytes: UnsafeRawBufferPointer) -> Progress {
    buffer.append(contentsOf: bytes)
    while let step = steps.first {
      switch step {
      case .proxy(let versions):
        switch buffer.withUnsafeBytes({ ProxyHeader.parse($0, accepting: versions) }) {
        case .needsMore: return .needsMore
        case .malformed(let what): return .malformed("PROXY protocol: \(what)")
        case .parsed(let header, let length):
          proxy = header
          buffer.removeFirst(length)
          steps.removeFirst()
        }
      case .postgres:
        guard let progress = takePostgres() else { continue }
        return progress
      case .hello:
        switch buffer.withUnsafeBytes(ClientHello.parse) {
        case .needsMore: return .needsMore
        case .malformed(let what): return .malformed("ClientHello: \(what)")
        case .parsed(let hello, _):
          self.hello = hello
          steps.removeFirst()
        }
      }
    }
    defer { buffer = [] }
    return .done(rest: buffer)
  }

  /// - Returns: nil to look at what comes next.
  private mutating func takePostgres() -> Progress? {
    switch buffer.withUnsafeBytes(PostgresStart.parse) {
    case .needsMore: return .needsMore
    case .malformed(let what): return .malformed("PostgreSQL: \(what)")
    case .parsed(let start, let length):
      switch start {
      case .directTLS:
        guard hasTLS else { return .malformed("PostgreSQL: TLS on a listener without it; sslmode=disable avoids it") }
        steps.removeFirst()
        return nil
      case .sslRequest:
        buffer.removeFirst(length)
        guard hasTLS else { return .answer([PostgresAnswer.no.rawValue]) }
        steps.removeFirst()
        return .answer([PostgresAnswer.yes.rawValue])
      case .gssEncryptionRequest:
        buffer.removeFirst(length)
        return .answer([PostgresAnswer.no.rawValue])
      case .cancelRequest, .startup:
        guard hasTLS else {
          steps.removeFirst()
          return nil
        }
        let reason = "the client doesn't ask for TLS; sslmode=require makes it"
        return .refused(answer: PostgresStart.errorResponse(reason), "PostgreSQL: \(reason)")
      }
    }
  }
}
