import NIOCore

/// The outermost handler of a connection: ends it without another word. TLS says goodbye and reads on until the client
/// does so, too; a client that floods is not listened to any more.
final class CutOff: ChannelInboundHandler {
  typealias InboundIn = NIOAny
  typealias InboundOut = NIOAny

  private var context: ChannelHandlerContext?
  private var isCut = false

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if !isCut { context.fireChannelRead(data) }
  }

  func cut() {
    guard !isCut else { return }
    isCut = true
    // From here it goes straight to the socket, past TLS.
    context?.close(promise: nil)
  }
}
