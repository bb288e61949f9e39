internal import Nghttp2

/// A connection of HTTP/2 (RFC 9113): nghttp2's session, its bytes and its streams' bodies. Validation of messages,
/// flow control and the limits on floods of frames are nghttp2's.
final class HTTP2Session {
  enum Role {
    case server, client
  }

  private var handle: OpaquePointer?
  /// Whose session it is.
  private unowned var user: (any HTTP2SessionUser)?
  private var bodies: [Int32: Body] = [:]

  /// What a stream still has to send.
  private struct Body {
    var bytes = PendingBytes()
    var taken = 0
    var hasEnded = false
    var trailers: HTTPFields?
    var isDeferred = false
  }

  private static let streamWindow: UInt32 = 256 << 10
  private static let connectionWindow: Int32 = 1 << 20
  static let mostStreams = 100

  /// - Parameter headLimit: bytes of a message's head.
  init?(_ role: Role, headLimit: Int, user: any HTTP2SessionUser) {
    self.user = user
    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
    defer { nghttp2_session_callbacks_del(callbacks) }
    Self.set(callbacks)
    var option: OpaquePointer?
    guard nghttp2_option_new(&option) == 0 else { return nil }
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_no_closed_streams(option, 1)
    let own = Unmanaged.passUnretained(self).toOpaque()
    let result =
      role == .server
      ? nghttp2_session_server_new2(&handle, callbacks, own, option)
      : nghttp2_session_client_new2(&handle, callbacks, own, option)
    guard result == 0 else { return nil }
    var settings = [
      setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Self.streamWindow),
      setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, UInt32(clamping: headLimit)),
    ]
    settings.append(
      role == .server
        ? setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, UInt32(Self.mostStreams))
        : setting(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    nghttp2_submit_settings(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    nghttp2_session_set_local_window_size(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Self.connectionWindow)
  }

  deinit { nghttp2_session_del(handle) }

  private func setting(_ name: nghttp2_settings_id, _ value: UInt32) -> nghttp2_settings_entry {
    nghttp2_settings_entry(settings_id: Int32(name.rawValue), value: value)
  }

  // MARK: Bytes

  /// - Returns: why the connection can't go on, or nil.
  func receive(_ bytes: UnsafeRawBufferPointer) -> String? {
    let used = nghttp2_session_mem_recv(handle, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    guard used < 0 else { return nil }
    return String(cString: nghttp2_strerror(Int32(used)))
  }

  /// Sends what there is, as long as the peer takes it. Frames go together: each call would be a record of TLS and a
  /// segment of TCP.
  func send(to side: Side) {
    var frames: [UInt8] = []
    while !side.isCongested {
      var data: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(handle, &data)
      if count > 0 { frames.append(contentsOf: UnsafeRawBufferPointer(start: data, count: count)) }
      guard count <= 0 || frames.count >= HTTP1Output.flushAt else { continue }
      if !frames.isEmpty { frames.withUnsafeBytes { side.write($0) } }
      guard count > 0 else { return }
      frames.removeAll(keepingCapacity: true)
    }
  }

  /// Neither side has anything left to say.
  var isOver: Bool { nghttp2_session_want_read(handle) == 0 && nghttp2_session_want_write(handle) == 0 }

  /// Whether a client may open one more stream.
  var takesMore: Bool {
    bodies.count < Self.mostStreams
      && bodies.count < Int(nghttp2_session_get_remote_settings(handle, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
      && nghttp2_session_check_request_allowed(handle) == 1
  }

  // MARK: Streams

  /// - Returns: the stream's number, or nil.
  func request(_ head: HTTPRequestHead, fields: HTTPFields, identity: HTTPFields, hasBody: Bool) -> Int32? {
    var block = HeaderBlock()
    block.add(":method", head.method)
    block.add(":scheme", "https")
    block.add(":authority", head.authority)
    block.add(":path", head.target)
    block.add(fields)
    block.add(identity)
    let stream = block.withValues { values in
      var source = Self.source
      guard hasBody else { return nghttp2_submit_request(handle, nil, values.baseAddress, values.count, nil, nil) }
      return nghttp2_submit_request(handle, nil, values.baseAddress, values.count, &source, nil)
    }
    guard stream > 0 else { return nil }
    bodies[stream] = Body()
    return stream
  }

  func respond(_ stream: Int32, _ head: HTTPResponseHead, endsNow: Bool) {
    var block = HeaderBlock()
    block.add(":status", String(head.status))
    block.add(head.fields)
    block.withValues { values in
      if head.status < 200 {
        nghttp2_submit_headers(
          handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, values.baseAddress, values.count, nil)
      } else {
        bodies[stream] = Body()
        var source = Self.source
        if endsNow {
          nghttp2_submit_response(handle, stream, values.baseAddress, values.count, nil)
        } else {
          nghttp2_submit_response(handle, stream, values.baseAddress, values.count, &source)
        }
      }
    }
  }

  func send(_ stream: Int32, body bytes: UnsafeRawBufferPointer) {
    bodies[stream]?.bytes.append(bytes)
    resume(stream)
  }

  func end(_ stream: Int32, _ trailers: HTTPFields?) {
    bodies[stream]?.hasEnded = true
    bodies[stream]?.trailers = trailers
    resume(stream)
  }

  private func resume(_ stream: Int32) {
    guard bodies[stream]?.isDeferred == true else { return }
    bodies[stream]?.isDeferred = false
    nghttp2_session_resume_data(handle, stream)
  }

  /// How much of a stream's body its peer hasn't taken.
  func waiting(_ stream: Int32) -> Int { bodies[stream]?.bytes.count ?? 0 }

  /// Bytes of a stream's body that its peer hasn't taken, and that it has.
  struct Progress: Equatable {
    var waiting = 0
    var taken = 0
  }

  func progress(_ stream: Int32) -> Progress {
    bodies[stream].map { Progress(waiting: $0.bytes.count, taken: $0.taken) } ?? Progress()
  }

  func reset(_ stream: Int32, _ code: nghttp2_error_code) {
    nghttp2_submit_rst_stream(handle, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, UInt32(code.rawValue))
  }

  func cancel(_ stream: Int32) { reset(stream, NGHTTP2_CANCEL) }

  func fail(_ stream: Int32) { reset(stream, NGHTTP2_INTERNAL_ERROR) }

  /// So much of a stream's body was passed on: its peer may send as much again.
  func consumed(_ stream: Int32, _ count: Int) { nghttp2_session_consume_stream(handle, stream, count) }

  /// Says that no more streams are taken.
  func goAway() { nghttp2_session_terminate_session(handle, UInt32(NGHTTP2_NO_ERROR.rawValue)) }

  func announceEnd() { nghttp2_submit_shutdown_notice(handle) }

  // MARK: Found

  private static func own(_ data: UnsafeMutableRawPointer?) -> HTTP2Session? {
    data.map { Unmanaged<HTTP2Session>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func set(_ callbacks: OpaquePointer?) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, data in
      guard let own = HTTP2Session.own(data), let frame else { return 0 }
      own.user?.session(own, beginsHead: frame.pointee.hd.stream_id)
      return 0
    }
    nghttp2_session_callbacks_set_on_header_callback(callbacks) {
      _, frame, name, nameCount, value, valueCount, _, data in
      guard let own = HTTP2Session.own(data), let frame else { return 0 }
      let isTaken = own.user?.session(
        own, stream: frame.pointee.hd.stream_id, foundField: UnsafeRawBufferPointer(start: name, count: nameCount),
        UnsafeRawBufferPointer(start: value, count: valueCount))
      return isTaken == false ? Int32(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) : 0
    }
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
      guard let own = HTTP2Session.own(data), let frame else { return 0 }
      own.received(frame.pointee.hd)
      return 0
    }
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { handle, _, stream, bytes, count, data in
      guard let own = HTTP2Session.own(data) else { return 0 }
      // Only a stream waits for its backend: the others shall go on.
      nghttp2_session_consume_connection(handle, count)
      own.user?.session(own, stream: stream, foundBody: UnsafeRawBufferPointer(start: bytes, count: count))
      return 0
    }
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, data in
      guard let own = HTTP2Session.own(data) else { return 0 }
      own.bodies[stream] = nil
      own.user?.session(own, closedStream: stream, isWhole: code == 0)
      return 0
    }
  }

  private func received(_ frame: nghttp2_frame_hd) {
    let type = UInt32(frame.type)
    if type == NGHTTP2_GOAWAY.rawValue { user?.sessionIsEnding(self) }
    guard type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue else { return }
    let ends = UInt32(frame.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0
    if type == NGHTTP2_HEADERS.rawValue { user?.session(self, endsHead: frame.stream_id, endsStream: ends) }
    if ends { user?.session(self, endsStream: frame.stream_id) }
  }

  private static var source: nghttp2_data_provider {
    nghttp2_data_provider(source: nghttp2_data_source()) { _, stream, target, capacity, flags, _, data in
      guard let own = HTTP2Session.own(data), let target, let flags else {
        return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
      }
      return own.fill(stream, UnsafeMutableRawBufferPointer(start: target, count: capacity), flags)
    }
  }

  private func fill(
    _ stream: Int32, _ target: UnsafeMutableRawBufferPointer, _ flags: UnsafeMutablePointer<UInt32>
  ) -> Int {
    guard var body = bodies.removeValue(forKey: stream) else {
      return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    defer { bodies[stream] = body }
    var count = 0
    body.bytes.take { bytes in
      count = min(bytes.count, target.count)
      target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
      return count
    }
    body.taken += count
    if body.bytes.isEmpty, body.hasEnded {
      flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
      if let trailers = body.trailers {
        flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
        var block = HeaderBlock()
        block.add(trailers)
        block.withValues { _ = nghttp2_submit_trailer(handle, stream, $0.baseAddress, $0.count) }
      }
    } else if count == 0 {
      body.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
    return count
  }
}

/// Hears of what a peer sent. Called while ``HTTP2Session/receive(_:)`` or ``HTTP2Session/send(to:)`` runs.
protocol HTTP2SessionUser: AnyObject {
  func session(_ session: HTTP2Session, beginsHead stream: Int32)
  /// - Returns: false when it is too much.
  func session(
    _ session: HTTP2Session, stream: Int32, foundField name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
  ) -> Bool
  func session(_ session: HTTP2Session, endsHead stream: Int32, endsStream: Bool)
  func session(_ session: HTTP2Session, stream: Int32, foundBody bytes: UnsafeRawBufferPointer)
  func session(_ session: HTTP2Session, endsStream stream: Int32)
  func session(_ session: HTTP2Session, closedStream stream: Int32, isWhole: Bool)
  /// The peer takes no more streams.
  func sessionIsEnding(_ session: HTTP2Session)
}

/// Fields as nghttp2 takes them: it copies them before it returns.
private struct HeaderBlock {
  private var bytes: [UInt8] = []
  private var fields: [(name: Range<Int>, value: Range<Int>)] = []

  mutating func add(_ name: String, _ value: String) {
    let start = bytes.count
    bytes.append(contentsOf: name.utf8)
    let middle = bytes.count
    bytes.append(contentsOf: value.utf8)
    fields.append((start..<middle, middle..<bytes.count))
  }

  mutating func add(_ more: HTTPFields) {
    let start = bytes.count
    bytes.append(contentsOf: more.bytes)
    for field in more.fields {
      fields.append(
        (
          field.name.lowerBound + start..<field.name.upperBound + start,
          field.value.lowerBound + start..<field.value.upperBound + start
        ))
    }
  }

  mutating func withValues<R>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> R) -> R {
    let fields = self.fields
    return bytes.withUnsafeMutableBufferPointer { all in
      let base = all.baseAddress
      let values = fields.map { field in
        nghttp2_nv(
          name: base.map { $0 + field.name.lowerBound }, value: base.map { $0 + field.value.lowerBound },
          namelen: field.name.count, valuelen: field.value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
      }
      return values.withUnsafeBufferPointer(body)
    }
  }
}
