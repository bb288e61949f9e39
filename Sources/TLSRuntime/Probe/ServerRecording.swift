import Diagnosis
import NIOCore
import NIOSSL
import Synchronization

/// What callbacks of the TLS library leave behind for the handler that reports.
final class ServerRecording: Sendable {
  private struct State {
    var handshakeSecret: [UInt8]?
    var chain: [[UInt8]] = []
    var assessment: ServerAssessment?
  }

  private let state = Mutex(State())

  /// A chain longer than this is cut.
  static let maximumChain = 32

  var handshakeSecret: [UInt8]? { state.withLock { $0.handshakeSecret } }
  var chain: [[UInt8]] { state.withLock { $0.chain } }
  var assessment: ServerAssessment? { state.withLock { $0.assessment } }

  /// Takes a line of the key log: label, client random, secret, in hexadecimal. Only one secret is kept, the one that
  /// protects the server's handshake messages: it opens no application data.
  func record(keyLogLine line: ByteBuffer) {
    let fields = String(buffer: line).split(whereSeparator: \.isWhitespace)
    guard fields.count == 3, fields[0] == "SERVER_HANDSHAKE_TRAFFIC_SECRET", fields[2].utf8.count % 2 == 0 else {
      return
    }
    let digits = fields[2].compactMap(\.hexDigitValue)
    let secret = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
      UInt8(exactly: digits[$0] << 4 | digits[$0 + 1])
    }
    state.withLock { $0.handshakeSecret = secret }
  }

  func record(chain: [[UInt8]]) {
    state.withLock { $0.chain = chain }
  }

  func record(assessment: ServerAssessment) {
    state.withLock { $0.assessment = assessment }
  }
}

/// Keeps a copy of what the server sends while the handshake lasts, and passes it on.
final class WireTap: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  static let maximumBytes = 256 * 1024

  private(set) var bytes: [UInt8] = []
  /// Set when TLS begins, so that what came in the clear before is left out.
  var isRecording = false
  /// Whether anything arrived since TLS began.
  var heardAnything: Bool { !bytes.isEmpty }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isRecording {
      let room = Self.maximumBytes - bytes.count
      if room > 0 { bytes += unwrapInboundIn(data).readableBytesView.prefix(room) }
    }
    context.fireChannelRead(data)
  }
}
