import NIOCore
import NIOSSL
import NIOTLS

/// Waits for the client's first record before TLS is set up, because TLS takes some 50 KiB for each connection, and
/// those who only connect shall not have it.
final class HelloGate: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// RFC 8446 §5.1, and what older versions may add.
  private static let mostBytes = 5 + (1 << 14) + 2048
  private static let handshakeRecord: UInt8 = 22

  private let arrived: (_ begin: @escaping () -> Void) -> Void
  private let makeTLS: () -> NIOSSLServerHandler
  private let failed: (ServerHandshakeFailure) -> Void
  private var received: ByteBuffer?
  /// The hello is whole, and waits for its turn.
  private var isWaiting = false
  private var isDone = false

  init(
    arrived: @escaping (_ begin: @escaping () -> Void) -> Void, makeTLS: @escaping () -> NIOSSLServerHandler,
    failed: @escaping (ServerHandshakeFailure) -> Void
  ) {
    self.arrived = arrived
    self.makeTLS = makeTLS
    self.failed = failed
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isDone else { return context.fireChannelRead(data) }
    var bytes = unwrapInboundIn(data)
    if received == nil { received = bytes } else { received?.writeBuffer(&bytes) }
    guard let buffer = received, let type = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return }
    if isWaiting {
      // A client has nothing to say before it is answered.
      guard buffer.readableBytes <= Self.mostBytes else { return end(context, .protocolError("data after the hello")) }
      return
    }
    guard type == Self.handshakeRecord else { return end(context, .notTLS) }
    guard let length = buffer.getInteger(at: buffer.readerIndex + 3, as: UInt16.self) else { return }
    let whole = 5 + Int(length)
    guard whole <= Self.mostBytes else { return end(context, .protocolError("a first record of \(whole) bytes")) }
    guard buffer.readableBytes >= whole else { return }
    isWaiting = true
    arrived { [self] in open(context) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if !isDone { end(context, .abandoned) }
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if !isDone, let event = event as? ChannelEvent, event == .inputClosed { return end(context, .abandoned) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard !isDone else { return context.fireErrorCaught(error) }
    end(context, .abandoned)
  }

  private func open(_ context: ChannelHandlerContext) {
    guard !isDone, let buffer = received else { return }
    isDone = true
    received = nil
    do {
      try context.pipeline.syncOperations.addHandler(makeTLS(), position: .after(self))
    } catch {
      failed(.abandoned)
      return context.close(promise: nil)
    }
    context.fireChannelRead(wrapInboundOut(buffer))
    context.fireChannelReadComplete()
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }

  private func end(_ context: ChannelHandlerContext, _ failure: ServerHandshakeFailure) {
    isDone = true
    received = nil
    failed(failure)
    context.close(promise: nil)
  }
}
