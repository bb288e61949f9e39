internal import CNIOBoringSSL

/// The ciphertext that BoringSSL reads and writes: one pair of buffers for all sessions of a worker.
///
/// Before BoringSSL is called, what a `recv` brought lies in the input; it takes all of it, since a session keeps what it
/// can't use yet. Afterwards what it wrote lies in the output, for one `send`. So an idle session holds no buffers.
final class TLSBytes {
  /// What one `recv` takes at the most. The more it is, the less often the kernel wakes somebody: with a megabyte, bulk
  /// costs half of what it costs with 128 KiB.
  static let inputCapacity = 1 << 20

  let input = UnsafeMutableRawPointer.allocate(byteCount: inputCapacity, alignment: 64)
  private(set) var state: UnsafeMutablePointer<State>
  private let bio: OpaquePointer

  struct State {
    var next: UnsafeRawPointer?
    var left = 0
    var output: UnsafeMutableRawPointer
    var written = 0
    var capacity: Int
  }

  init() {
    let capacity = Self.inputCapacity + Self.inputCapacity / 16
    state = .allocate(capacity: 1)
    state.initialize(
      to: State(output: .allocate(byteCount: capacity, alignment: 64), capacity: capacity))
    // Only a lack of memory ends here, before anybody is served.
    guard let bio = BIO_new(Self.method) else { preconditionFailure("no memory for a worker's buffers") }
    self.bio = bio
    BIO_set_data(bio, state)
    BIO_set_init(bio, 1)
  }

  deinit {
    BIO_free(bio)
    input.deallocate()
    state.pointee.output.deallocate()
    state.deallocate()
  }

  /// Makes a session read and write here.
  func attach(to session: OpaquePointer) {
    // The session takes one reference for each direction.
    BIO_up_ref(bio)
    BIO_up_ref(bio)
    SSL_set_bio(session, bio, bio)
  }

  func offer(_ count: Int) { offer(UnsafeRawBufferPointer(start: input, count: count)) }

  /// - Parameter bytes: have to stay until BoringSSL has taken them.
  func offer(_ bytes: UnsafeRawBufferPointer) {
    state.pointee.next = bytes.baseAddress
    state.pointee.left = bytes.count
  }

  var rest: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: state.pointee.next, count: state.pointee.left) }

  var output: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: state.pointee.output, count: state.pointee.written)
  }

  func clearOutput() { state.pointee.written = 0 }

  nonisolated(unsafe) private static let method: OpaquePointer = {
    guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "worker") else {
      preconditionFailure("no memory for a worker's buffers")
    }
    BIO_meth_set_read(method) { bio, target, count in
      guard let bio, let target, let state = BIO_get_data(bio)?.assumingMemoryBound(to: State.self) else { return -1 }
      BIO_clear_retry_flags(bio)
      let taken = min(state.pointee.left, Int(count))
      guard taken > 0, let next = state.pointee.next else {
        BIO_set_retry_read(bio)
        return -1
      }
      UnsafeMutableRawPointer(target).copyMemory(from: next, byteCount: taken)
      state.pointee.next = next + taken
      state.pointee.left -= taken
      return Int32(taken)
    }
    BIO_meth_set_write(method) { bio, source, count in
      guard let bio, let source, count > 0, let state = BIO_get_data(bio)?.assumingMemoryBound(to: State.self) else {
        return 0
      }
      let count = Int(count)
      if state.pointee.written + count > state.pointee.capacity { state.pointee.grow(by: count) }
      (state.pointee.output + state.pointee.written).copyMemory(from: source, byteCount: count)
      state.pointee.written += count
      return Int32(count)
    }
    BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
    return method
  }()
}

extension TLSBytes.State {
  fileprivate mutating func grow(by count: Int) {
    let larger = max(capacity * 2, written + count)
    let target = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 64)
    target.copyMemory(from: output, byteCount: written)
    output.deallocate()
    output = target
    capacity = larger
  }
}
