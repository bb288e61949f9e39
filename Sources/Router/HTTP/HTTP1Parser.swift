internal import CNIOLLHTTP

/// Reads messages of HTTP/1 (RFC 9112) with llhttp, strictly: what could be read in two ways is refused.
///
/// It stops behind each message. Whoever uses it looks at what it found and goes on.
final class HTTP1Parser {
  enum Kind {
    case request, response
  }

  /// Hears what is found, in its order. Called while ``parse(_:)`` runs, by who runs it. A weak reference would
  /// make every other one to the same object slower.
  unowned var user: (any HTTP1ParserUser)?
  private let parser = UnsafeMutablePointer<llhttp_t>.allocate(capacity: 1)
  private let kind: Kind
  /// Bytes of a head.
  private let limit: Int
  private(set) var target: [UInt8] = []
  private(set) var fields = HTTPFields()
  private var headBytes = 0
  private var isTooLarge = false
  private var skipsBody = false
  private(set) var isInMessage = false
  private(set) var isInTrailers = false

  init(_ kind: Kind, headLimit: Int) {
    self.kind = kind
    limit = headLimit
    parser.initialize(to: llhttp_t())
    c_nio_llhttp_init(parser, kind == .request ? HTTP_REQUEST : HTTP_RESPONSE, Self.settings)
    parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
  }

  deinit { parser.deallocate() }

  enum Outcome: Equatable {
    /// All bytes are used, and a message isn't whole yet, or none has begun.
    case needsMore
    /// So many bytes are used, and a message is whole.
    case message(used: Int)
    /// So many bytes are used; what follows is another protocol.
    case upgraded(used: Int)
    case tooLarge
    case malformed(String)
  }

  func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    guard let base = bytes.baseAddress, bytes.count > 0 else { return .needsMore }
    let result = c_nio_llhttp_execute_swift(parser, base, bytes.count)
    switch result {
    case HPE_OK: return isTooLarge ? .tooLarge : .needsMore
    case HPE_PAUSED:
      let used = position(in: bytes)
      c_nio_llhttp_resume(parser)
      return .message(used: used)
    case HPE_PAUSED_UPGRADE:
      let used = position(in: bytes)
      c_nio_llhttp_resume_after_upgrade(parser)
      return .upgraded(used: used)
    default:
      if isTooLarge { return .tooLarge }
      let reason = c_nio_llhttp_get_error_reason(parser).map { String(cString: $0) } ?? ""
      return .malformed(reason.isEmpty ? "it can't be read" : reason)
    }
  }

  /// The peer has ended.
  /// - Returns: whether that is where a message may end.
  func finish() -> Bool {
    guard isInMessage else { return true }
    return c_nio_llhttp_message_needs_eof(parser) == 1 && c_nio_llhttp_finish(parser) == HPE_OK
  }

  /// Those of a head belong to whoever hears of it.
  func takeFields() -> HTTPFields { fields.take() }

  /// The answer to HEAD has no body, whatever its head says.
  func expectNoBody() { skipsBody = true }

  var status: Int { Int(c_nio_llhttp_get_status_code(parser)) }
  var method: String {
    c_nio_llhttp_method_name(llhttp_method_t(UInt32(c_nio_llhttp_get_method(parser)))).map { String(cString: $0) } ?? ""
  }
  /// Others are read, and can't be answered.
  var isVersion1: Bool { c_nio_llhttp_get_http_major(parser) == 1 }
  var minor: Int { Int(c_nio_llhttp_get_http_minor(parser)) }
  var keepsAlive: Bool { c_nio_llhttp_should_keep_alive(parser) == 1 }
  /// For a response whose end is the connection's.
  var endsWithConnection: Bool { c_nio_llhttp_message_needs_eof(parser) == 1 }

  private func position(in bytes: UnsafeRawBufferPointer) -> Int {
    guard let base = bytes.baseAddress, let position = c_nio_llhttp_get_error_pos(parser) else { return bytes.count }
    return min(bytes.count, UnsafeRawPointer(position) - base)
  }

  // MARK: Found

  private func begin() -> Int32 {
    isInMessage = true
    isInTrailers = false
    isTooLarge = false
    headBytes = 0
    target.removeAll(keepingCapacity: true)
    fields.removeAll()
    return 0
  }

  /// - Returns: whether there is still room.
  private func count(_ bytes: UnsafeRawBufferPointer) -> Int32 {
    count(bytes.count)
  }

  private func count(_ number: Int) -> Int32 {
    headBytes += number
    guard headBytes <= limit else {
      isTooLarge = true
      return -1
    }
    return 0
  }

  private func headIsWhole() -> Int32 {
    user?.parserFoundHead(self)
    // An interim answer has none anyway, and the one that is meant follows.
    if skipsBody, status >= 200 {
      skipsBody = false
      return 1
    }
    // Fields that follow a body are trailers.
    isInTrailers = true
    headBytes = 0
    fields.removeAll()
    return 0
  }

  private func end() -> Int32 {
    isInMessage = false
    user?.parserFoundEnd(self)
    return Int32(HPE_PAUSED.rawValue)
  }

  private static func found(_ parser: UnsafeMutablePointer<llhttp_t>?) -> HTTP1Parser? {
    guard let data = parser?.pointee.data else { return nil }
    return Unmanaged<HTTP1Parser>.fromOpaque(data).takeUnretainedValue()
  }

  private static func bytes(_ start: UnsafePointer<CChar>?, _ count: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: start, count: count)
  }

  nonisolated(unsafe) private static let settings: UnsafeMutablePointer<llhttp_settings_t> = {
    let settings = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    settings.initialize(to: llhttp_settings_t())
    c_nio_llhttp_settings_init(settings)
    settings.pointee.on_message_begin = { HTTP1Parser.found($0)?.begin() ?? -1 }
    settings.pointee.on_url = { parser, start, count in
      guard let own = HTTP1Parser.found(parser) else { return -1 }
      let bytes = HTTP1Parser.bytes(start, count)
      own.target.append(contentsOf: bytes)
      return own.count(bytes)
    }
    settings.pointee.on_header_field = { parser, start, count in
      guard let own = HTTP1Parser.found(parser) else { return -1 }
      let bytes = HTTP1Parser.bytes(start, count)
      own.fields.append(name: bytes)
      return own.count(bytes)
    }
    settings.pointee.on_header_value = { parser, start, count in
      guard let own = HTTP1Parser.found(parser) else { return -1 }
      let bytes = HTTP1Parser.bytes(start, count)
      own.fields.append(value: bytes)
      return own.count(bytes)
    }
    // Also where a value is empty and nothing of it was found.
    settings.pointee.on_header_value_complete = { parser in
      guard let own = HTTP1Parser.found(parser) else { return -1 }
      own.fields.endField()
      // Colon, space and the line's end.
      return own.count(4)
    }
    settings.pointee.on_headers_complete = { HTTP1Parser.found($0)?.headIsWhole() ?? -1 }
    settings.pointee.on_body = { parser, start, count in
      guard let own = HTTP1Parser.found(parser) else { return -1 }
      own.user?.parser(own, foundBody: HTTP1Parser.bytes(start, count))
      return 0
    }
    settings.pointee.on_message_complete = { HTTP1Parser.found($0)?.end() ?? -1 }
    return settings
  }()
}

protocol HTTP1ParserUser: AnyObject {
  /// ``HTTP1Parser/fields`` are the head's while this runs.
  func parserFoundHead(_ parser: HTTP1Parser)
  func parser(_ parser: HTTP1Parser, foundBody bytes: UnsafeRawBufferPointer)
  /// ``HTTP1Parser/fields`` are the trailers' while this runs.
  func parserFoundEnd(_ parser: HTTP1Parser)
}
