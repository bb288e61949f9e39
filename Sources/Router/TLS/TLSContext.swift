internal import CNIOBoringSSL
package import Credentials
import Formats
import X509

/// What new TLS connections begin with: own certificate and key, versions, algorithms, and what the peer is held against.
/// Immutable. Its tickets are good with it alone: another context knows other ticket keys.
package final class TLSContext: @unchecked Sendable {
  package enum Role: Sendable {
    case server
    /// Connects, and asks for the server by this name (RFC 6066 §3); nil where it is known by its address.
    case client(serverName: String?)
  }

  /// BoringSSL's own counts of references guard it: it may be used by several workers.
  let handle: OpaquePointer
  let role: Role
  /// Nil where clients need no certificate.
  let trust: PeerTrust?
  fileprivate let protocols: [UInt8]

  package struct Configuration: Sendable {
    package var role: Role
    package var credential: RouterCredential?
    package var trust: PeerTrust?
    package var settings: TLSSettings
    /// In the order of preference (RFC 7301).
    package var applicationProtocols: [String]

    package init(
      role: Role, credential: RouterCredential?, trust: PeerTrust?, settings: TLSSettings,
      applicationProtocols: [String] = []
    ) {
      self.role = role
      self.credential = credential
      self.trust = trust
      self.settings = settings
      self.applicationProtocols = applicationProtocols
    }
  }

  package init(_ configuration: Configuration) throws(TLSSetupError) {
    guard let handle = SSL_CTX_new(TLS_with_buffers_method()) else { throw .noMemory }
    self.handle = handle
    role = configuration.role
    trust = configuration.trust
    protocols = Self.encoded(configuration.applicationProtocols)
    do throws(TLSSetupError) {
      try apply(configuration)
    } catch {
      SSL_CTX_free(handle)
      throw error
    }
  }

  deinit { SSL_CTX_free(handle) }

  private func apply(_ configuration: Configuration) throws(TLSSetupError) {
    try apply(configuration.settings)
    if let credential = configuration.credential { try apply(credential) }
    applyVerification()
    applyProtocols()
    // A session is worth its certificate's time at most, which is checked whenever it is resumed.
    let context: [UInt8] = Array("countersign".utf8)
    SSL_CTX_set_session_id_context(handle, context, context.count)
    // Tickets only: nothing is kept here for those who may come back.
    SSL_CTX_set_session_cache_mode(handle, SSL_SESS_CACHE_OFF)
    SSL_CTX_set_num_tickets(handle, 1)
    SSL_CTX_set0_buffer_pool(handle, Self.pool)
    // A peer's certificates are read before it has proven anything. Real chains have a tenth of this, and what one may
    // send is what one can have us decode, judge and keep.
    SSL_CTX_set_max_cert_list(handle, Self.mostPeerCertificates)
  }

  private func apply(_ settings: TLSSettings) throws(TLSSetupError) {
    guard SSL_CTX_set_min_proto_version(handle, settings.min.codePoint) == 1,
      SSL_CTX_set_max_proto_version(handle, settings.max.codePoint) == 1
    else { throw .setting("versions") }
    let groups = settings.groups.map(\.codePoint)
    guard SSL_CTX_set1_group_ids(handle, groups, groups.count) == 1 else { throw .setting("groups") }
    let names = settings.ciphers.map(\.rawValue).joined(separator: ":")
    guard SSL_CTX_set_strict_cipher_list(handle, names) == 1 else { throw .setting("ciphers") }
    SSL_CTX_set_options(handle, UInt32(SSL_OP_CIPHER_SERVER_PREFERENCE))
    let algorithms = Self.signatureAlgorithms
    guard SSL_CTX_set_verify_algorithm_prefs(handle, algorithms, algorithms.count) == 1 else {
      throw .setting("signature algorithms")
    }
  }

  private func apply(_ credential: RouterCredential) throws(TLSSetupError) {
    let key = try Self.privateKey(credential.key)
    defer { EVP_PKEY_free(key) }
    var chain: [OpaquePointer?] = credential.chain.map { CRYPTO_BUFFER_new($0, $0.count, Self.pool) }
    defer { for buffer in chain { CRYPTO_BUFFER_free(buffer) } }
    guard SSL_CTX_set_chain_and_key(handle, &chain, chain.count, key, nil) == 1 else {
      ERR_clear_error()
      throw .keyMismatch
    }
    let algorithms = Self.signatureAlgorithms
    SSL_CTX_set_signing_algorithm_prefs(handle, algorithms, algorithms.count)
  }

  /// - Parameter der: PKCS#8.
  private static func privateKey(_ der: [UInt8]) throws(TLSSetupError) -> OpaquePointer {
    let key = der.withUnsafeBufferPointer { bytes -> OpaquePointer? in
      var reader = CBS()
      CBS_init(&reader, bytes.baseAddress, bytes.count)
      return EVP_parse_private_key(&reader)
    }
    guard let key else {
      ERR_clear_error()
      throw .key
    }
    return key
  }

  private func applyVerification() {
    guard let trust else {
      SSL_CTX_set_custom_verify(handle, SSL_VERIFY_NONE) { _, _ in ssl_verify_ok }
      return
    }
    SSL_CTX_set_custom_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT) { session, alert in
      guard let owner = TLSSession.owner(of: session), let session else { return ssl_verify_invalid }
      let side = Unmanaged<Side>.fromOpaque(owner).takeUnretainedValue()
      guard let refused = side.judgePeer(PeerChain(stack: SSL_get0_peer_certificates(session))) else {
        return ssl_verify_ok
      }
      alert?.pointee = refused
      return ssl_verify_invalid
    }
    guard case .server = role, let names = OPENSSL_sk_new_null() else { return }
    for subject in Self.announced(trust.anchors) {
      guard let buffer = CRYPTO_BUFFER_new(subject, subject.count, Self.pool) else { continue }
      OPENSSL_sk_push(names, UnsafeMutableRawPointer(buffer))
    }
    SSL_CTX_set0_client_CAs(handle, names)
  }

  /// The names by which clients choose a certificate, DER. None where there are too many: a list above 64 KiB can't be
  /// written, so that each handshake would fail, and clients refuse long messages well before. Without one a client
  /// goes by its own choice, as it may (RFC 8446 §4.2.4, RFC 5246 §7.4.4).
  static func announced(_ anchors: [CertificateInput]) -> [[UInt8]] {
    var names: [[UInt8]] = []
    var known: Set<[UInt8]> = []
    var size = 0
    for anchor in anchors {
      guard let subject = anchor.certificate.flatMap({ try? $0.subject.derBytes() }), known.insert(subject).inserted
      else { continue }
      // Each stands behind two bytes with its length.
      size += subject.count + 2
      guard size <= mostAnnounced else { return [] }
      names.append(subject)
    }
    return names
  }

  private static let mostAnnounced = 16 << 10
  /// Bytes of the message that brings a peer's chain.
  private static let mostPeerCertificates = 32 << 10

  private func applyProtocols() {
    guard !protocols.isEmpty else { return }
    switch role {
    case .client:
      SSL_CTX_set_alpn_protos(handle, protocols, protocols.count)
    case .server:
      let callback:
        @convention(c) (
          OpaquePointer?, UnsafeMutablePointer<UnsafePointer<UInt8>?>?, UnsafeMutablePointer<UInt8>?,
          UnsafePointer<UInt8>?, UInt32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, chosen, count, offered, offeredCount, context in
          guard let context, let offered, let chosen else { return SSL_TLSEXT_ERR_NOACK }
          let own = Unmanaged<TLSContext>.fromOpaque(context).takeUnretainedValue()
          var name: UnsafeMutablePointer<UInt8>?
          let result = own.protocols.withUnsafeBufferPointer {
            SSL_select_next_proto(&name, count, $0.baseAddress, UInt32($0.count), offered, offeredCount)
          }
          guard result == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
          chosen.pointee = UnsafePointer(name)
          return SSL_TLSEXT_ERR_OK
        }
      SSL_CTX_set_alpn_select_cb(handle, callback, Unmanaged.passUnretained(self).toOpaque())
    }
  }

  private static func encoded(_ names: [String]) -> [UInt8] {
    names.filter { (1...255).contains($0.utf8.count) }.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
  }

  /// The same certificate is held once, however many sessions it came in.
  nonisolated(unsafe) private static let pool = CRYPTO_BUFFER_POOL_new()

  /// BoringSSL's default list, and P-521 and Ed25519, which it lacks; without SHA-1.
  private static let signatureAlgorithms: [UInt16] = [
    0x0403, 0x0807, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601,
  ]
}

/// What a listener or a cluster proves itself with, as bytes.
package struct RouterCredential: Hashable, Sendable {
  /// DER, the leaf first, then intermediates.
  package var chain: [[UInt8]]
  /// PKCS#8, not encrypted. Never printed.
  package var key: [UInt8]

  package init(chain: [[UInt8]], key: [UInt8]) {
    self.chain = chain
    self.key = key
  }
}

package enum TLSSetupError: Error, Hashable, Sendable {
  case noMemory
  case key
  case keyMismatch
  case setting(String)
}

extension TLSSetupError: ExplainedError {
  package var message: String {
    switch self {
    case .noMemory: "there is no memory for a TLS context"
    case .key: "the private key is of no kind that TLS can use"
    case .keyMismatch: "the private key does not belong to the certificate"
    case .setting(let name): "the TLS \(name) can't be used together"
    }
  }

  package var hint: String? {
    switch self {
    case .key: "P-256, P-384, P-521, Ed25519 and RSA keys can be used"
    case .keyMismatch: "check that cert and key were written together"
    default: nil
    }
  }

  package var kind: FailureKind { .badInput }
}
