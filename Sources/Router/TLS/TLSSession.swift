internal import CNIOBoringSSL

/// One TLS connection's state in BoringSSL. Its bytes go through the worker's ``TLSBytes``.
struct TLSSession: ~Copyable {
  let handle: OpaquePointer

  /// - Returns: nil when there is no memory for it.
  init?(_ context: TLSContext, bytes: TLSBytes, owner: UnsafeMutableRawPointer) {
    guard let handle = SSL_new(context.handle) else { return nil }
    self.handle = handle
    bytes.attach(to: handle)
    SSL_set_ex_data(handle, Self.ownerIndex, owner)
    switch context.role {
    case .server:
      SSL_set_accept_state(handle)
    case .client(let name):
      SSL_set_connect_state(handle)
      if let name { SSL_set_tlsext_host_name(handle, name) }
    }
    SSL_set_shed_handshake_config(handle, 1)
  }

  deinit { SSL_free(handle) }

  enum Progress: Equatable {
    case done
    case wantsMore
    case ended
    case failed(TLSFailure)
  }

  func handshake() -> Progress {
    let result = SSL_do_handshake(handle)
    return result == 1 ? .done : progress(result)
  }

  enum Reading {
    case bytes(Int)
    case wantsMore
    /// The peer has said that nothing follows (close_notify).
    case ended
    case failed(TLSFailure)
  }

  func read(into target: UnsafeMutableRawBufferPointer) -> Reading {
    let result = SSL_read(handle, target.baseAddress, Int32(clamping: target.count))
    guard result <= 0 else { return .bytes(Int(result)) }
    return switch progress(result) {
    case .ended: .ended
    case .failed(let failure): .failed(failure)
    case .done, .wantsMore: .wantsMore
    }
  }

  /// Encrypts all of it into the worker's output.
  func write(_ bytes: UnsafeRawBufferPointer) -> TLSFailure? {
    var rest = bytes
    while rest.count > 0 {
      let result = SSL_write(handle, rest.baseAddress, Int32(clamping: rest.count))
      guard result > 0 else {
        if case .failed(let failure) = progress(result) { return failure }
        return TLSFailure(reason: "a write wasn't taken", alert: nil)
      }
      rest = UnsafeRawBufferPointer(rebasing: rest[Int(result)...])
    }
    return nil
  }

  /// Puts close_notify into the output.
  func end() {
    _ = SSL_shutdown(handle)
    ERR_clear_error()
  }

  func sendFatalAlert(_ alert: UInt8) {
    _ = SSL_send_fatal_alert(handle, alert)
    ERR_clear_error()
  }

  /// Leaves this thread's queue of errors empty, as it has to be before each call.
  private func progress(_ result: Int32) -> Progress {
    switch SSL_get_error(handle, result) {
    case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .wantsMore
    case SSL_ERROR_ZERO_RETURN: .ended
    default: .failed(TLSFailure.latest())
    }
  }

  /// Where a session keeps the pointer to what it belongs to.
  static let ownerIndex = SSL_get_ex_new_index(0, nil, nil, nil, nil)

  static func owner(of handle: OpaquePointer?) -> UnsafeMutableRawPointer? {
    handle.flatMap { SSL_get_ex_data($0, ownerIndex) }
  }
}

/// Why TLS ended, in BoringSSL's words.
struct TLSFailure: Hashable, Sendable {
  var reason: String
  /// The alert that the peer sent (RFC 8446 §6), where it sent one.
  var alert: UInt8?

  /// The peer was asked for a certificate and had none.
  var lacksCertificate: Bool { reason == "peer did not return a certificate" }

  /// Takes the oldest error of this thread's queue: the others follow from it.
  static func latest() -> TLSFailure {
    let code = ERR_get_error()
    ERR_clear_error()
    guard code != 0 else { return TLSFailure(reason: "the connection was cut", alert: nil) }
    let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "unknown"
    let number = Int32(bitPattern: code & 0xfff)
    // BoringSSL gives a received alert as its number and a thousand.
    let alert = (1000...1255).contains(number) ? UInt8(number - 1000) : nil
    return TLSFailure(reason: words(reason), alert: alert)
  }

  /// BoringSSL names its reasons by constants.
  private static func words(_ constant: String) -> String {
    constant.lowercased().replacing("_", with: " ")
  }
}

/// What both sides agreed on.
struct TLSAgreement: Hashable, Sendable {
  var version: String
  var cipher: String
  var group: String
  var isResumed: Bool
  var serverName: String?
  var applicationProtocol: String?
}

extension TLSSession {
  var agreement: TLSAgreement {
    TLSAgreement(
      version: String(cString: SSL_get_version(handle)),
      cipher: SSL_get_current_cipher(handle).flatMap { SSL_CIPHER_standard_name($0) }.map { String(cString: $0) } ?? "",
      group: SSL_get_group_name(SSL_get_group_id(handle)).map { String(cString: $0) } ?? "",
      isResumed: SSL_session_reused(handle) == 1,
      serverName: SSL_get_servername(handle, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) },
      applicationProtocol: applicationProtocol)
  }

  /// RFC 7301
  var applicationProtocol: String? {
    var bytes: UnsafePointer<UInt8>?
    var count: UInt32 = 0
    SSL_get0_alpn_selected(handle, &bytes, &count)
    guard let bytes, count > 0 else { return nil }
    return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self)
  }

  var isResumed: Bool { SSL_session_reused(handle) == 1 }

  /// The peer's certificates as it sent them, the leaf first; from the session where it was resumed.
  static func withPeerChain<R>(_ handle: OpaquePointer, _ body: (PeerChain) -> R) -> R {
    body(PeerChain(stack: SSL_get0_peer_certificates(handle)))
  }
}

/// The certificates of a peer, not decoded, only good while the session isn't touched.
struct PeerChain {
  let stack: OpaquePointer?

  var count: Int { stack.map { OPENSSL_sk_num($0) } ?? 0 }

  func bytes(_ index: Int) -> UnsafeRawBufferPointer {
    guard let stack, index < count, let raw = OPENSSL_sk_value(stack, index) else {
      return UnsafeRawBufferPointer(start: nil, count: 0)
    }
    let buffer = OpaquePointer(raw)
    return UnsafeRawBufferPointer(start: CRYPTO_BUFFER_data(buffer), count: CRYPTO_BUFFER_len(buffer))
  }

  var copies: [[UInt8]] { (0..<count).map { Array(bytes($0)) } }

  func digest() -> ChainDigest { ChainDigest(count: count, certificate: bytes) }
}

/// What a chain is known by: a digest of all its certificates with their lengths.
struct ChainDigest: Hashable {
  private var a: UInt64 = 0
  private var b: UInt64 = 0
  private var c: UInt64 = 0
  private var d: UInt64 = 0

  init(count: Int, certificate: (Int) -> UnsafeRawBufferPointer) {
    var context = SHA256_CTX()
    SHA256_Init(&context)
    for index in 0..<count {
      let bytes = certificate(index)
      var length = UInt64(bytes.count)
      SHA256_Update(&context, &length, MemoryLayout<UInt64>.size)
      SHA256_Update(&context, bytes.baseAddress, bytes.count)
    }
    withUnsafeMutableBytes(of: &self) { target in
      _ = SHA256_Final(target.baseAddress?.assumingMemoryBound(to: UInt8.self), &context)
    }
  }

  init(of chain: [[UInt8]]) {
    let joined = chain.flatMap { $0 }
    var starts: [Range<Int>] = []
    for certificate in chain {
      let start = starts.last?.upperBound ?? 0
      starts.append(start..<start + certificate.count)
    }
    self = joined.withUnsafeBytes { bytes in
      ChainDigest(count: chain.count) { UnsafeRawBufferPointer(rebasing: bytes[starts[$0]]) }
    }
  }
}
