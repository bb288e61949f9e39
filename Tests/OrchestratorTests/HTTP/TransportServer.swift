import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Orchestrator
import PKITestKit
import ServiceLifecycle
import Synchronization
import TLSRuntime
import X509

/// The transport with a few routes, on a free port of 127.0.0.1, for as long as a test runs.
final class TransportServer: Sendable {
  let port: Int
  let contexts: ServerContexts
  let admission: LivePeerAdmission
  let registry: ConnectionRegistry
  let revocations: KnownRevocations
  let clock: TestClock
  /// A request for /wait is being answered.
  let waiting: AsyncStream<Void>
  let release: AsyncStream<Void>.Continuation
  /// What its clients tell, and are told: empty files.
  private let signs: TemporaryDirectory
  private let group: ServiceGroup

  struct Options: Sendable {
    var isSecure = true
    var partners = false
    var limits = TransportLimits()
  }

  static func run<R: Sendable>(
    _ adjust: (inout Options) -> Void = { _ in }, _ body: @Sendable (TransportServer) async throws -> R
  ) async throws -> R {
    var options = Options()
    options.limits.lingerTimeout = .milliseconds(200)
    // On a busy machine clients that do no wrong may be slow: only what a test sets itself ends what it looks at.
    options.limits.handshakeTimeout = .minutes(5)
    options.limits.requestTimeout = .minutes(5)
    options.limits.writeTimeout = .minutes(5)
    options.limits.idleTimeout = .minutes(10)
    options.limits.shutdownTimeout = .minutes(5)
    adjust(&options)
    let (ports, portSource) = AsyncStream.makeStream(of: Int.self)
    let parts = try Parts(options)
    let listener = Listener(
      address: ListenAddress(host: "127.0.0.1", port: 0), connections: parts.connections(options),
      onListening: { portSource.yield($0) })
    let group = ServiceGroup(configuration: .init(services: [listener], logger: parts.logger))
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer { portSource.finish() }
        try await group.run()
      }
      var iterator = ports.makeAsyncIterator()
      let server = TransportServer(
        parts, port: await iterator.next() ?? 0, signs: try TemporaryDirectory(), group: group)
      do {
        let result = try await body(server)
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return result
      } catch {
        tasks.cancelAll()
        throw error
      }
    }
  }

  func shutDown() async { await group.triggerGracefulShutdown() }

  private init(_ parts: Parts, port: Int, signs: TemporaryDirectory, group: ServiceGroup) {
    self.port = port
    self.signs = signs
    self.group = group
    contexts = parts.contexts
    admission = parts.admission
    registry = parts.registry
    revocations = parts.revocations
    clock = parts.clock
    waiting = parts.waiting
    release = parts.release
  }

  /// Runs one of the clients of clients.py.
  func client(_ kind: String, _ number: Int = 0, input: Data? = nil) async throws -> String {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("clients.py").path
    let folder = try TransportPKI.shared.get().directory.path
    return try await offPool { [port, signs] in
      try Tool.require("python3", [script, kind, "\(port)", folder, signs.path, "\(number)"], input: input).text
    }
  }

  /// Tells a client of clients.py that waits for it.
  func tell(_ sign: String) throws { try Data().write(to: signs.file(sign)) }

  /// Whether a client of clients.py told that.
  func wasTold(_ sign: String) -> Bool { FileManager.default.fileExists(atPath: signs.file(sign).path) }

  /// curl as a client, with the certificate of that name if there is one.
  func curl(_ path: String, as name: String? = nil, _ flags: [String] = []) async throws -> Tool.Output {
    let pki = try TransportPKI.shared.get()
    var arguments = ["-sS", "-m", "600", "--cacert", pki.path("root.crt"), "--resolve", "localhost:\(port):127.0.0.1"]
    if let name { arguments += ["--cert", pki.path("\(name).crt"), "--key", pki.path("\(name).key")] }
    arguments += flags + ["https://localhost:\(port)\(path)"]
    return try await offPool { [arguments] in try Tool.run("curl", arguments) }
  }
}

/// Runs what waits for another program on a thread of its own: the server needs the pool's.
func offPool<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}

/// A clock that tests can put forward.
final class TestClock: Sendable {
  private let offset = Mutex(0.0)
  var now: Date { Date() + offset.withLock { $0 } }
  func advance(by seconds: Double) { offset.withLock { $0 += seconds } }
}

private struct Parts {
  let contexts: ServerContexts
  let admission: LivePeerAdmission
  let registry: ConnectionRegistry
  let revocations = KnownRevocations()
  let clock = TestClock()
  let logger = Parts.makeLogger()
  let router = Router(context: ServiceContext.self)
  let waiting: AsyncStream<Void>
  let release: AsyncStream<Void>.Continuation

  /// With LOG_TRANSPORT in the environment it says what happens.
  private static func makeLogger() -> Logger {
    guard ProcessInfo.processInfo.environment["LOG_TRANSPORT"] != nil else {
      return Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    }
    var logger = Logger(label: "test") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .trace
    return logger
  }

  init(_ options: TransportServer.Options) throws {
    let pki = try TransportPKI.shared.get()
    let trust = pki.trust(partners: options.partners)
    let clock = clock
    contexts = try ServerContexts(
      TLSContextConfiguration(trust: trust.authorities, credential: pki.credential), at: Date())
    admission = LivePeerAdmission(trust, revocations: revocations, clock: { clock.now })
    registry = ConnectionRegistry(
      limits: options.limits, revocations: revocations, clock: { clock.now }, logger: logger)
    let (waiting, waitSource) = AsyncStream.makeStream(of: Void.self)
    let (released, release) = AsyncStream.makeStream(of: Void.self)
    self.waiting = waiting
    self.release = release
    addRoutes(waitSource, released)
  }

  func connections(_ options: TransportServer.Options) -> ServiceChannel {
    ServiceChannel(
      security: options.isSecure ? .init(contexts: contexts, admission: admission) : nil, registry: registry,
      responder: router.buildResponder(), logger: logger)
  }

  private func addRoutes(_ waitSource: AsyncStream<Void>.Continuation, _ released: AsyncStream<Void>) {
    router.get("who") { _, context in
      let peer = context.peer.map { peer in
        switch peer.origin {
        case .own: "own \(peer.certificate.subject)"
        case .partner(let organization): "partner \(organization) \(peer.certificate.subject)"
        }
      }
      return "\(context.source) \(context.isSecure ? "tls" : "plain") \(peer ?? "anonymous")\n"
    }
    router.post("echo") { request, _ in
      let body = try await request.body.collect(upTo: 1 << 21)
      return "\(body.readableBytes)\n"
    }
    router.get("large") { _, _ in
      Response(status: .ok, body: .init(byteBuffer: ByteBuffer(repeating: 0x61, count: 4 << 20)))
    }
    router.get("wait") { _, _ in
      waitSource.yield()
      for await _ in released { break }
      return "done\n"
    }
  }
}
