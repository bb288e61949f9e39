package import NIOCore
import NIOSSL
import NIOTLS

/// Stands behind TLS until the handshake is completed and the client let in; nothing that it says goes further before.
///
/// A resumed session skips the verification of certificates, so each completed handshake is judged, resumed or not.
package final class HandshakeGuard<Observer: HandshakeObserver>: ChannelInboundHandler, RemovableChannelHandler {
  package typealias InboundIn = NIOAny
  package typealias InboundOut = NIOAny

  private let admit: ([UInt8]) -> Result<Observer.Peer, PeerRefusal>
  private var observer: Observer?
  /// Why the certificate of a full handshake was refused: TLS itself says no more than "failed".
  fileprivate var refusal: PeerRefusal?

  fileprivate init(observer: Observer, admit: @escaping ([UInt8]) -> Result<Observer.Peer, PeerRefusal>) {
    self.observer = observer
    self.admit = admit
  }

  package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // After a refusal the client may still talk.
  }

  package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case TLSUserEvent.handshakeCompleted(let applicationProtocol):
      complete(context, applicationProtocol)
    case is ChannelShouldQuiesceEvent, ChannelEvent.inputClosed:
      fail(context, .abandoned)
    default:
      context.fireUserInboundEventTriggered(event)
    }
  }

  package func channelInactive(context: ChannelHandlerContext) {
    fail(context, .abandoned)
    context.fireChannelInactive()
  }

  package func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard observer != nil else { return }
    if let refusal { return fail(context, .refused(refusal)) }
    fail(context, .protocolError("\(error)"))
  }

  private func complete(_ context: ChannelHandlerContext, _ applicationProtocol: String?) {
    guard let observer else { return }
    var peer: Observer.Peer?
    do {
      if let certificate = try context.pipeline.syncOperations.nioSSL_peerCertificate() {
        peer = try admit(certificate.toDERBytes()).get()
      }
    } catch {
      let refusal = error as? PeerRefusal ?? PeerRefusal(.malformed, "\(error)")
      return fail(context, .refused(refusal))
    }
    self.observer = nil
    observer.handshakeCompleted(peer: peer, applicationProtocol: applicationProtocol)
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }

  private func fail(_ context: ChannelHandlerContext, _ failure: ServerHandshakeFailure) {
    guard observer != nil else { return }
    report(failure)
    context.close(promise: nil)
  }

  fileprivate func report(_ failure: ServerHandshakeFailure) {
    let observer = observer
    self.observer = nil
    observer?.handshakeFailed(failure)
  }
}

extension ServerContexts {
  /// Makes an accepted channel speak TLS. Called on the channel's event loop, once.
  package func secure<Admission: PeerAdmission, Observer: HandshakeObserver>(
    _ channel: any Channel, admission: Admission, observer: Observer
  ) throws where Observer.Peer == Admission.Peer {
    let guardian = HandshakeGuard(observer: observer) { admission.admit($0) }
    let gate = HelloGate(
      arrived: { [weak observer] in observer?.helloArrived(begin: $0) },
      makeTLS: { self.makeHandler(admission: admission, guardian: guardian) },
      failed: { [weak guardian] in guardian?.report($0) })
    try channel.pipeline.syncOperations.addHandlers([gate, guardian])
  }

  private func makeHandler<Observer>(
    admission: some PeerAdmission, guardian: HandshakeGuard<Observer>
  ) -> NIOSSLServerHandler {
    var configuration = NIOSSLHandler.Configuration()
    configuration.maximumPreservedOutboundBufferCapacity = 16 * 1024
    return NIOSSLServerHandler(
      context: current,
      customVerificationCallback: { [weak guardian] chain, promise in
        do {
          let refusal = admission.refusal(of: try chain.map { try $0.toDERBytes() })
          guardian?.refusal = refusal
          promise.succeed(refusal == nil ? .certificateVerified : .failed)
        } catch {
          guardian?.refusal = PeerRefusal(.malformed, "\(error)")
          promise.succeed(.failed)
        }
      },
      configuration: configuration)
  }
}
