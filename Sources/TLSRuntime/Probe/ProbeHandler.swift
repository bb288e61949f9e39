import Diagnosis
import Foundation
import NIOCore
import NIOSSL
import NIOTLS

/// Drives one connection: the exchange in the clear if there is one, the handshake, the time after it.
///
/// It is the last handler of the pipeline and owns all timeouts, because NIOSSL has none. Whatever happens first
/// decides; later events are ignored.
final class ProbeHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Phase {
    case connecting
    case startTLS
    case handshaking
    /// The handshake is complete; nothing was sent yet.
    case settling
    /// Our question was sent.
    case asking
    case done
  }

  private let configuration: ProbeConfiguration
  private let makeTLSHandler: () throws -> NIOSSLClientHandler
  private let recording: ServerRecording
  private let tap: WireTap
  private let promise: EventLoopPromise<ProbeResult>
  private var phase = Phase.connecting
  private var exchange: StartTLSExchange?
  private var answer: [UInt8] = []
  private var timer: Scheduled<Void>?
  private var address: String?

  init(
    configuration: ProbeConfiguration, recording: ServerRecording, tap: WireTap, promise: EventLoopPromise<ProbeResult>,
    makeTLSHandler: @escaping () throws -> NIOSSLClientHandler
  ) {
    self.configuration = configuration
    self.recording = recording
    self.tap = tap
    self.promise = promise
    self.makeTLSHandler = makeTLSHandler
    exchange = configuration.startTLS.map(StartTLSExchange.init)
  }

  func channelActive(context: ChannelHandlerContext) {
    address = context.remoteAddress?.ipAddress
    if let exchange {
      phase = .startTLS
      schedule(configuration.handshakeTimeout, context) { probe, context in
        guard let startTLS = probe.configuration.startTLS else { return }
        probe.fail(
          .greetingTimedOut(probe.configuration.endpoint, startTLS, after: probe.configuration.handshakeTimeout),
          context)
      }
      send(exchange.opening, context)
    } else {
      beginTLS(context)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data).readableBytesView
    switch phase {
    case .startTLS: continueStartTLS(bytes, context)
    case .settling, .asking:
      let room = ApplicationDialogue.maximumAnswer - answer.count
      if room > 0 { answer += bytes.prefix(room) }
      judge(isComplete: false, context)
    case .connecting, .handshaking, .done: break
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshaking = phase, case .handshakeCompleted = event as? TLSUserEvent { settle(context) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let outcome = outcome(of: error) else { return }
    finish(outcome, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    switch phase {
    case .connecting, .startTLS: fail(.closedBeforeTLS(configuration.endpoint), context)
    case .handshaking: finish(closed(.closed), context)
    case .settling: finish(.refused(.init(.closed, .afterHandshake)), context)
    case .asking where answer.isEmpty: finish(.accepted(.closedAfterRequest), context)
    case .asking: judge(isComplete: true, context)
    case .done: break
    }
  }
}

// MARK: - The stages

extension ProbeHandler {
  private func continueStartTLS(_ bytes: ByteBufferView, _ context: ChannelHandlerContext) {
    guard let startTLS = configuration.startTLS, let step = exchange?.receive(bytes) else { return }
    switch step {
    case .wait: break
    case .beginTLS: beginTLS(context)
    case .notOffered(let said): fail(.tlsNotOffered(configuration.endpoint, startTLS, said: said), context)
    case .otherProtocol(let said): fail(.notTLS(configuration.endpoint, said: said), context)
    }
  }

  private func beginTLS(_ context: ChannelHandlerContext) {
    phase = .handshaking
    tap.isRecording = true
    schedule(configuration.handshakeTimeout, context) { probe, context in
      probe.finish(.failed(.timedOut), context)
    }
    do {
      try context.pipeline.syncOperations.addHandler(makeTLSHandler(), position: .before(self))
    } catch {
      fail(.unusableCredential(reason: "\(error)"), context)
    }
  }

  private func settle(_ context: ChannelHandlerContext) {
    phase = .settling
    timer?.cancel()
    switch (configuration.startTLS, configuration.question) {
    case (.some, _), (nil, .http):
      ask(context)
    case (nil, .waitThenHTTP):
      schedule(configuration.grace, context) { probe, context in probe.ask(context) }
    case (nil, .silence):
      schedule(configuration.grace, context) { probe, context in probe.finish(.accepted(.stayedOpen), context) }
    }
  }

  private func ask(_ context: ChannelHandlerContext) {
    phase = .asking
    schedule(configuration.answerTimeout, context) { probe, context in probe.judge(isComplete: true, context) }
    send(dialogue.question, context)
  }

  private var dialogue: ApplicationDialogue {
    switch configuration.startTLS {
    case nil: .http(host: configuration.serverName)
    case .nats: .nats
    case .postgres: .postgres(user: configuration.postgresUser)
    }
  }

  private func judge(isComplete: Bool, _ context: ChannelHandlerContext) {
    if case .settling = phase {  // it spoke first: a greeting, which no server sends to a client that it refuses
      return finish(.accepted(.answered(printable(answer))), context)
    }
    if let outcome = dialogue.judge(answer, isComplete: isComplete) { finish(outcome, context) }
  }
}

// MARK: - Endings

extension ProbeHandler {
  /// What an error means; nil for one that says nothing that the closed connection won't say as well.
  private func outcome(of error: any Error) -> HandshakeOutcome? {
    switch error {
    case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      return closed(.reset)
    case NIOSSLError.handshakeFailed(.sslError(let stack)):
      if stack == [.eofDuringHandshake] { return closed(.closed) }
      return outcome(of: stack, .duringHandshake)
    case BoringSSLError.sslError(let stack):
      return outcome(of: stack, .afterHandshake)
    case NIOSSLError.uncleanShutdown:
      return nil
    default:
      return .failed(.protocolError("\(error)"))
    }
  }

  private func outcome(of stack: NIOBoringSSLErrorStack, _ phase: Refusal.Phase) -> HandshakeOutcome {
    let reasons = stack.compactMap { BoringSSLReason(parsing: $0.description) }
    if let alert = reasons.lazy.compactMap(\.alert).first { return .refused(.init(.alert(alert), phase)) }
    if configuration.serverPolicy == .enforce, let objection = recording.assessment?.objection {
      return .refusedByClient(objection)
    }
    if let said = flight.plaintext { return .failed(.notTLS(said: printable(said))) }
    return .failed(.protocolError(reasons.first?.words ?? "unknown TLS error"))
  }

  /// A closed connection is a refusal only once TLS had begun: what never spoke TLS refused nothing.
  private func closed(_ form: Refusal.Form) -> HandshakeOutcome {
    switch phase {
    case .connecting, .startTLS: return .failed(.closed)
    case .handshaking:
      let flight = flight
      if let said = flight.plaintext { return .failed(.notTLS(said: printable(said))) }
      if let alert = flight.alert { return .refused(.init(.alert(alert), .duringHandshake)) }
      return flight.version == nil ? .failed(.closed) : .refused(.init(form, .duringHandshake))
    case .asking where !answer.isEmpty:
      return dialogue.judge(answer, isComplete: true) ?? .accepted(.answered(printable(answer)))
    case .settling, .asking, .done: return .refused(.init(form, .afterHandshake))
    }
  }

  private var flight: ServerFlight {
    ServerFlight.decode(tap.bytes, handshakeSecret: recording.handshakeSecret)
  }

  private func finish(_ outcome: HandshakeOutcome, _ context: ChannelHandlerContext) {
    end(context) {
      let result = ProbeResult(
        outcome: outcome, flight: flight, certificates: recording.chain.map(PresentedCertificate.init(der:)),
        assessment: recording.assessment, address: address, nats: exchange?.nats)
      promise.succeed(result)
    }
  }

  private func fail(_ error: ProbeError, _ context: ChannelHandlerContext) {
    end(context) { promise.fail(error) }
  }

  private func end(_ context: ChannelHandlerContext, report: () -> Void) {
    if case .done = phase { return }
    report()
    phase = .done
    timer?.cancel()
    context.close(promise: nil)
  }

  private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    guard !bytes.isEmpty else { return }
    context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
  }

  private func schedule(
    _ delay: Duration, _ context: ChannelHandlerContext,
    _ action: @escaping (ProbeHandler, ChannelHandlerContext) -> Void
  ) {
    timer?.cancel()
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
      if case .done = self.phase { return }
      action(self, context)
    }
  }
}
