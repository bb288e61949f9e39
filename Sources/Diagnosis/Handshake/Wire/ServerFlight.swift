/// What a server's own bytes say during a handshake, read beside the TLS library, which does not tell it.
///
/// TLS 1.2 is in the clear up to ChangeCipherSpec. Of TLS 1.3 only ServerHello is; the rest, up to Finished, is opened
/// with the secret that our own side of the connection logs.
package struct ServerFlight: Hashable, Sendable {
  package var version: TLSProtocolVersion?
  package var cipherSuite: TLSCipherSuite?
  /// The key-exchange group: of the key_share in TLS 1.3, the named curve of ServerKeyExchange in TLS 1.2.
  package var group: TLSNamedGroup?
  /// The server refused the group that we guessed and asked for another (RFC 8446 §4.1.4).
  package var askedForAnotherGroup = false
  package var clientCertificate: ClientCertificateRequest = .unknown
  /// The first alert that could be read.
  package var alert: TLSAlert?
  /// The first bytes, when they are no TLS record at all.
  package var plaintext: [UInt8]?

  package enum ClientCertificateRequest: Hashable, Sendable {
    case requested(TLSCertificateRequest)
    /// The server's part of the handshake was read to its end, and holds no request.
    case notRequested
    /// The message could not be read, or the handshake ended before.
    case unknown
  }

  /// Decodes what a server sent from its first TLS byte on; an incomplete or broken tail is left out.
  ///
  /// - Parameter handshakeSecret: TLS 1.3's server_handshake_traffic_secret, if known.
  package static func decode(_ bytes: [UInt8], handshakeSecret: [UInt8]? = nil) -> ServerFlight {
    var decoder = ServerFlightDecoder(handshakeSecret: handshakeSecret)
    decoder.decode(bytes)
    return decoder.flight
  }

  package init() {}
}

private struct ServerFlightDecoder {
  var flight = ServerFlight()
  private let handshakeSecret: [UInt8]?
  private var trafficKey: TrafficKey?
  private var messages: [UInt8] = []
  private var isFinished = false

  init(handshakeSecret: [UInt8]?) {
    self.handshakeSecret = handshakeSecret
  }

  mutating func decode(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes[...])
    while !isFinished, let header = reader.take(5) {
      let fields = Array(header)
      guard (20...24).contains(fields[0]), fields[1] == 3 else {
        if flight.version == nil && flight.alert == nil { flight.plaintext = Array(bytes.prefix(512)) }
        return
      }
      guard let payload = reader.take(Int(fields[3]) << 8 | Int(fields[4])) else { return }
      record(type: fields[0], header: header, payload: payload)
    }
    if flight.version == nil, flight.alert == nil, let first = bytes.first, !(20...24).contains(first) {
      flight.plaintext = Array(bytes.prefix(512))
    }
  }

  private mutating func record(type: UInt8, header: ArraySlice<UInt8>, payload: ArraySlice<UInt8>) {
    switch type {
    case 20:  // ChangeCipherSpec: the end of what is readable in TLS 1.2, without meaning in TLS 1.3
      if flight.version != .tls13 { isFinished = true }
    case 23:
      guard var key = trafficKey, let opened = key.open(header: header, payload: payload) else {
        isFinished = true
        return
      }
      trafficKey = key
      content(type: opened.type, opened.content)
    default:
      content(type: type, payload)
    }
  }

  private mutating func content(type: UInt8, _ content: ArraySlice<UInt8>) {
    switch type {
    case 21 where content.count == 2:
      flight.alert = content.last.map(TLSAlert.init(rawValue:))
      isFinished = true
    case 22:
      messages += content
      readMessages()
    default:
      break
    }
  }

  private mutating func readMessages() {
    var reader = ByteReader(messages[...])
    while !isFinished {
      let rest = reader
      guard let type = reader.integer(bytes: 1), let body = reader.vector(lengthBytes: 3) else {
        var unread = rest
        messages = unread.take(unread.count).map(Array.init) ?? []
        return
      }
      message(type: type, body)
    }
  }

  private mutating func message(type: Int, _ body: ArraySlice<UInt8>) {
    switch type {
    case 2: serverHello(body)
    case 12: serverKeyExchange(body)
    case 13:
      let request = flight.version == .tls13 ? TLSCertificateRequest(tls13: body) : TLSCertificateRequest(tls12: body)
      if let request { flight.clientCertificate = .requested(request) }
    case 14, 20:  // ServerHelloDone in TLS 1.2, Finished in TLS 1.3
      if flight.clientCertificate == .unknown { flight.clientCertificate = .notRequested }
      isFinished = type == 20
    default: break
    }
  }

  /// ServerHello and, in the same form, HelloRetryRequest (RFC 8446 §4.1.3).
  private mutating func serverHello(_ body: ArraySlice<UInt8>) {
    var reader = ByteReader(body)
    guard let version = reader.uint16(), let random = reader.take(32), reader.vector(lengthBytes: 1) != nil,
      let cipherSuite = reader.uint16(), reader.take(1) != nil
    else { return }
    let isRetry = Array(random) == Self.retryRandom
    flight.version = TLSProtocolVersion(rawValue: version)
    flight.cipherSuite = TLSCipherSuite(rawValue: cipherSuite)
    if isRetry { flight.askedForAnotherGroup = true }
    var extensions = ByteReader(reader.vector(lengthBytes: 2) ?? [])
    while let type = extensions.uint16(), let content = extensions.vector(lengthBytes: 2) {
      var inner = ByteReader(content)
      switch type {
      case 43: flight.version = inner.uint16().map(TLSProtocolVersion.init(rawValue:))
      case 51: flight.group = inner.uint16().map(TLSNamedGroup.init(rawValue:))
      default: break
      }
    }
    if flight.version == .tls13, !isRetry, let handshakeSecret, let suite = flight.cipherSuite {
      trafficKey = TrafficKey(secret: handshakeSecret, cipherSuite: suite)
    }
  }

  /// ECParameters of ServerKeyExchange: curve type 3 is a named curve (RFC 8422 §5.4).
  private mutating func serverKeyExchange(_ body: ArraySlice<UInt8>) {
    var reader = ByteReader(body)
    guard flight.cipherSuite?.usesNamedCurve == true, reader.integer(bytes: 1) == 3 else { return }
    flight.group = reader.uint16().map(TLSNamedGroup.init(rawValue:))
  }

  /// The random value that marks a HelloRetryRequest: the SHA-256 of "HelloRetryRequest".
  private static let retryRandom: [UInt8] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
  ]
}
