import Foundation

/// Why a connection ended.
enum ConnectionEnd {
  /// Both sides had said all.
  case finished
  /// The router stops, and its time was over.
  case drained
  case idle
  /// The client wasn't done with its handshake, or with what comes before it, in time.
  case handshakeTimeout
  case certificateExpired
  case refused(PeerRefusal)
  case client(SideFailure)
  /// What a client sent before TLS makes no sense.
  case malformed(String)
  case limit(String)
  case backend(code: String, message: String)
  /// Nothing says where it is to go.
  case noRoute(String)
  case failed(String)

  /// Whether the client was told something at last that it shall hear, though it may still be sending.
  var leavesWords: Bool {
    switch self {
    case .finished, .refused, .malformed, .certificateExpired: true
    // Ours is the alert, unless it was the client's.
    case .client(.tls(let failure)): failure.alert == nil
    case .client(.refused): true
    default: false
    }
  }

  /// The word for it in logs and metrics.
  var code: String {
    switch self {
    case .finished: "finished"
    case .drained: "drained"
    case .idle: "idle"
    case .handshakeTimeout: "handshake-timeout"
    case .certificateExpired: "expired"
    case .refused(let refusal): refusal.code
    case .client(.tls(let failure)): failure.alert == nil ? "tls" : "alert"
    case .client(.refused(let refusal)): refusal.code
    case .client(.ended): "abandoned"
    case .client(.system): "reset"
    case .malformed: "malformed"
    case .limit(let name): name
    case .backend(let code, _): "backend-\(code)"
    case .noRoute: "no-route"
    case .failed: "internal"
    }
  }

  var message: String? {
    switch self {
    case .finished: nil
    case .drained: "the router stopped"
    case .idle: "nothing was sent for too long"
    case .handshakeTimeout: "the handshake took too long"
    case .certificateExpired: "the client's certificate has expired"
    case .refused(let refusal): refusal.message
    case .client(let failure): failure.message
    case .malformed(let what), .noRoute(let what), .failed(let what): what
    case .limit(let name): "the limit \(name) is reached"
    case .backend(_, let message): message
    }
  }
}
