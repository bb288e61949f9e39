import Diagnosis
import Foundation
import Glibc

/// One end of what is forwarded: a socket, with or without TLS. Belongs to one worker's thread.
final class Side: PollTarget {
  /// Who does something with what comes of it.
  unowned var owner: SocketOwner
  let worker: Worker
  private(set) var descriptor: Int32
  private(set) var tls: TLSSession?
  private(set) var context: TLSContext?
  /// Set by the poller, cleared by the call that found nothing: each change is told once.
  var isReadable = false
  var isWritable = false
  /// The end has come, behind what is still to be read. It isn't told again.
  private var peerHasHungUp = false
  /// The peer sends nothing more.
  private(set) var inputHasEnded = false
  /// We send nothing more.
  private(set) var outputHasEnded = false
  private var wantsToEnd = false
  private var pending = PendingBytes()
  /// Read already, before it was known what it is.
  private var early = PendingBytes()
  /// How much is read at once: more and more as long as the other side takes it, so that a slow one makes us keep little.
  private var readSize = Side.smallestRead
  private static let smallestRead = 64 << 10
  /// When the peer took something last.
  private(set) var lastTaken: Int64
  /// The verdict on the peer, when it presented a chain.
  var verdict: PeerVerdict?
  var failure: SideFailure?

  init(_ descriptor: Int32, owner: SocketOwner, worker: Worker) {
    self.descriptor = descriptor
    self.owner = owner
    self.worker = worker
    lastTaken = worker.now
  }

  deinit { close() }

  override func ready(_ readiness: Poller.Readiness) {
    if readiness.isReadable { isReadable = true }
    if readiness.isWritable { isWritable = true }
    if readiness.isHungUp {
      peerHasHungUp = true
      if inputHasEnded, let error = socketError { fail(.system(SystemCallError("recv", number: error))) }
    }
    owner.ready(self)
  }

  var isOpen: Bool { descriptor >= 0 }
  /// The peer takes less than we have for it: nothing more shall be read for it.
  var isCongested: Bool { !pending.isEmpty }
  var hasTLS: Bool { context != nil }

  func startTLS(_ context: TLSContext) -> Bool {
    let owner = Unmanaged.passUnretained(self).toOpaque()
    guard let session = TLSSession(context, bytes: worker.bytes, owner: owner) else { return false }
    tls = consume session
    self.context = context
    return true
  }

  /// Finds out that the peer is gone, where nothing is read that would show it.
  func noticeBreak() {
    if peerHasHungUp, failure == nil, let error = socketError { fail(.system(SystemCallError("recv", number: error))) }
  }

  /// Puts back what was read too far.
  func unread(_ bytes: UnsafeRawBufferPointer) { early.append(bytes) }

  // MARK: Handshake

  enum HandshakeProgress {
    case done, waiting, failed
  }

  func handshake() -> HandshakeProgress {
    drain()
    while true {
      guard let progress = tls?.handshake() else { return .failed }
      flush()
      switch progress {
      case .done:
        keepRest()
        return .done
      case .failed(let reason):
        fail(.tls(reason))
        return .failed
      case .ended:
        fail(.ended)
        return .failed
      case .wantsMore:
        switch receive() {
        case .some: continue
        case .nothing: return .waiting
        case .end:
          fail(.ended)
          return .failed
        case .failed: return .failed
        }
      }
    }
  }

  /// Called by BoringSSL in the midst of a full handshake.
  ///
  /// - Returns: the alert by which the peer is refused, or nil.
  func judgePeer(_ chain: PeerChain) -> UInt8? {
    guard let trust = context?.trust else { return nil }
    let verdict = worker.verdicts.verdict(chain, by: trust, at: worker.date)
    self.verdict = verdict
    guard let refusal = verdict.refusal ?? owner.refusal(of: verdict) else { return nil }
    failure = .refused(refusal)
    return refusal.alert
  }

  /// Judges the peer of a completed handshake, whatever way it was completed: a resumed one verified nothing.
  func admit() -> PeerRefusal? {
    guard let trust = context?.trust else { return nil }
    guard let handle = tls?.handle else { return PeerRefusal(.noCertificate) }
    let verdict = TLSSession.withPeerChain(handle) { worker.verdicts.verdict($0, by: trust, at: worker.date) }
    self.verdict = verdict
    return verdict.refusal ?? owner.refusal(of: verdict)
  }

  // MARK: Reading

  enum Reading {
    /// Good until the next call of anything of this worker's sides.
    case bytes(UnsafeRawBufferPointer)
    case nothing
    case end
    case failed
  }

  func read() -> Reading {
    if inputHasEnded { return .end }
    guard hasTLS else { return readPlain() }
    switch receive() {
    case .some: return decrypt()
    case .nothing: return .nothing
    case .end:
      // A peer that ends without close_notify may have been cut off: what ends is told as an end all the same, since
      // many programs never send it.
      inputHasEnded = true
      return .end
    case .failed: return .failed
    }
  }

  private func readPlain() -> Reading {
    let target = worker.scratch
    if !early.isEmpty {
      var count = 0
      early.take { bytes in
        count = min(bytes.count, target.count)
        target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        return count
      }
      return .bytes(UnsafeRawBufferPointer(rebasing: target[..<count]))
    }
    guard isReadable else { return .nothing }
    let count = recv(descriptor, target.baseAddress, readSize, 0)
    switch outcome(count, of: readSize) {
    case .some(let count): return .bytes(UnsafeRawBufferPointer(rebasing: target[..<count]))
    case .nothing: return .nothing
    case .end:
      inputHasEnded = true
      return .end
    case .failed: return .failed
    }
  }

  /// Takes all that lies in the worker's input.
  private func decrypt() -> Reading {
    var filled = 0
    while filled < worker.scratch.count {
      let target = UnsafeMutableRawBufferPointer(rebasing: worker.scratch[filled...])
      guard let reading = tls?.read(into: target) else { return .failed }
      switch reading {
      case .bytes(let count):
        filled += count
        // BoringSSL keeps no more than one record: without input there is nothing more to come.
        if worker.bytes.rest.isEmpty, count < target.count { break }
        continue
      case .wantsMore: break
      case .ended: inputHasEnded = true
      case .failed(let reason):
        fail(.tls(reason))
        flush()
        if filled == 0 { return .failed }
      }
      break
    }
    keepRest()
    // An answer to a message of TLS itself, such as a key update.
    if !worker.bytes.output.isEmpty { flush() }
    if filled > 0 { return .bytes(UnsafeRawBufferPointer(rebasing: worker.scratch[..<filled])) }
    return inputHasEnded ? .end : .nothing
  }

  /// What BoringSSL didn't take yet is this side's, and the worker's input is for the next.
  private func keepRest() {
    let rest = worker.bytes.rest
    guard !rest.isEmpty else { return }
    early.append(rest)
    worker.bytes.offer(0)
  }

  private enum Received {
    case some(Int)
    case nothing, end, failed
  }

  /// Puts what the socket has into the worker's input.
  private func receive() -> Received {
    if !early.isEmpty {
      var taken = 0
      early.take { bytes in
        taken = min(bytes.count, TLSBytes.inputCapacity)
        worker.bytes.input.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(worker.bytes.input), byteCount: taken)
        return taken
      }
      worker.bytes.offer(taken)
      return .some(taken)
    }
    guard isReadable else { return .nothing }
    let count = recv(descriptor, worker.bytes.input, readSize, 0)
    let received = outcome(count, of: readSize)
    if case .some(let count) = received { worker.bytes.offer(count) }
    return received
  }

  private func outcome(_ count: Int, of capacity: Int) -> Received {
    if count > 0 {
      // Less than there was room for: that was all, and what comes later is told.
      if count < capacity, !peerHasHungUp { isReadable = false }
      return .some(count)
    }
    if count == 0 { return .end }
    let number = errno
    if number == EAGAIN || number == EWOULDBLOCK {
      isReadable = false
      return .nothing
    }
    if number == EINTR { return .nothing }
    fail(.system(SystemCallError("recv", number: number)))
    return .failed
  }

  /// To be told after each read, with what the other side made of it.
  func adapt(to read: Int, wasTaken: Bool) {
    if !wasTaken {
      readSize = max(Self.smallestRead, readSize / 2)
    } else if read >= readSize / 2 {
      readSize = min(TLSBytes.inputCapacity, readSize * 2)
    }
  }

  // MARK: Writing

  /// Sends it, and keeps what the peer doesn't take now.
  func write(_ bytes: UnsafeRawBufferPointer) {
    guard isOpen, failure == nil, !outputHasEnded else { return }
    guard hasTLS else { return send(bytes) }
    if let reason = tls?.write(bytes) { fail(.tls(reason)) }
    flush()
  }

  /// Sends what BoringSSL wrote.
  func flush() {
    let output = worker.bytes.output
    guard !output.isEmpty else { return }
    send(output)
    worker.bytes.clearOutput()
  }

  private func send(_ bytes: UnsafeRawBufferPointer) {
    guard isOpen else { return }
    var rest = bytes
    if pending.isEmpty {
      let sent = transmit(rest)
      rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
    }
    if !rest.isEmpty { pending.append(rest) }
  }

  private func transmit(_ bytes: UnsafeRawBufferPointer) -> Int {
    var sent = 0
    while isWritable, sent < bytes.count {
      let count = Glibc.send(
        descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
      if count > 0 {
        sent += count
        lastTaken = worker.now
        continue
      }
      let number = errno
      if number == EINTR { continue }
      isWritable = false
      if number != EAGAIN && number != EWOULDBLOCK {
        if failure == nil { fail(.system(SystemCallError("send", number: number))) }
        return bytes.count
      }
    }
    return sent
  }

  /// Sends what waited. To be called when the socket takes something again.
  func drain() {
    if !pending.isEmpty { pending.take { transmit($0) } }
    if wantsToEnd, pending.isEmpty { endOutput() }
  }

  /// Says that nothing more follows, once all is sent.
  func end() {
    guard isOpen, !outputHasEnded, !wantsToEnd else { return }
    if hasTLS, failure == nil {
      tls?.end()
      flush()
    }
    wantsToEnd = true
    if pending.isEmpty { endOutput() }
  }

  private func endOutput() {
    wantsToEnd = false
    outputHasEnded = true
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Ends TLS with an alert.
  func refuse(_ alert: UInt8) {
    tls?.sendFatalAlert(alert)
    flush()
  }

  // MARK: End

  /// Ends our direction as it is, without a word of TLS.
  func sayNoMore() { if isOpen, !outputHasEnded { endOutput() } }

  /// Reads and forgets what the socket has.
  /// - Returns: how much that was, somewhat more than the limit at most; nil at the end.
  func discard(upTo limit: Int) -> Int? {
    var discarded = 0
    while isReadable, isOpen, discarded < limit {
      let count = recv(descriptor, worker.waste.baseAddress, worker.waste.count, 0)
      switch outcome(count, of: worker.waste.count) {
      case .some(let count): discarded += count
      case .nothing: return discarded
      case .end, .failed: return nil
      }
    }
    return isOpen ? discarded : nil
  }

  var agreement: TLSAgreement? { tls?.agreement }

  private func fail(_ failure: SideFailure) {
    if self.failure == nil { self.failure = failure }
    // What it didn't take must never be taken by the next session.
    worker.bytes.offer(0)
  }

  func close() {
    guard descriptor >= 0 else { return }
    Glibc.close(descriptor)
    descriptor = -1
    pending = PendingBytes()
    tls = nil
  }
}

/// Why a side ended before its time.
enum SideFailure: Error, Equatable {
  case tls(TLSFailure)
  case refused(PeerRefusal)
  case system(SystemCallError)
  /// The peer went away in the midst of the handshake.
  case ended
}

extension SideFailure {
  var message: String {
    switch self {
    case .tls(let failure):
      failure.alert.map { "the peer ended TLS with \(TLSAlert(rawValue: $0))" } ?? failure.reason
    case .refused(let refusal): refusal.message
    case .system(let error): error.description
    case .ended: "the peer went away"
    }
  }
}

extension Side {
  /// Small messages go at once: whoever forwards doesn't know what follows.
  func sendWithoutDelay() { set(TCP_NODELAY, 1) }

  /// A host that is gone says nothing: without this, one would wait for its answer for a quarter of an hour (RFC 5482).
  func noticeSilence() {
    set(SO_KEEPALIVE, 1, of: SOL_SOCKET)
    set(TCP_KEEPIDLE, Self.silence / 2)
    set(TCP_KEEPINTVL, Self.silence / 4)
    set(TCP_USER_TIMEOUT, Self.silence * 1000)
  }

  private func set(_ option: Int32, _ value: Int32, of level: Int32 = Int32(IPPROTO_TCP)) {
    var value = value
    setsockopt(descriptor, level, option, &value, UInt32(MemoryLayout<Int32>.size))
  }

  /// Seconds for which a host may acknowledge nothing.
  private static let silence: Int32 = 60

  /// Its own end.
  var localAddress: SocketAddress? { ListeningSockets.name(of: descriptor) }

  /// What became of a connect, where it failed.
  var socketError: Int32? {
    var number: Int32 = 0
    var length = UInt32(MemoryLayout<Int32>.size)
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &length)
    return number == 0 ? nil : number
  }
}
