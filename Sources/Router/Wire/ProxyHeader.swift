/// The header with which a proxy in front says who its client is (HAProxy's proxy-protocol.txt, versions 1 and 2).
///
/// Whoever may write it can name any client. So it is read only where the configuration expects it and the peer is a
/// known proxy, and there it is demanded: it is never guessed from the bytes (§5).
package struct ProxyHeader: Hashable, Sendable {
  package enum Command: Hashable, Sendable {
    /// The proxy speaks for itself, as in a health check: the connection's own addresses hold.
    case local
    case proxy
  }

  /// Which versions of the protocol are read.
  package enum Versions: Hashable, Sendable {
    case v2Only
    case any
  }

  package var command: Command
  /// Who the client is. Nil where the proxy doesn't say, or speaks of datagrams: the connection's own addresses hold.
  package var source: ProxyAddress?
  package var destination: ProxyAddress?
  /// The protocol that ALPN chose (PP2_TYPE_ALPN).
  package var applicationProtocol: String?
  /// The host name that the client asked for (PP2_TYPE_AUTHORITY).
  package var authority: String?
  /// The proxy's name for the connection, at most 128 bytes (PP2_TYPE_UNIQUE_ID).
  package var uniqueID: [UInt8]?
  /// Nil where the client didn't use TLS, or the proxy doesn't say.
  package var tls: ProxyTLS?

  package init(
    command: Command = .proxy, source: ProxyAddress? = nil, destination: ProxyAddress? = nil,
    applicationProtocol: String? = nil, authority: String? = nil, uniqueID: [UInt8]? = nil, tls: ProxyTLS? = nil
  ) {
    self.command = command
    self.source = source
    self.destination = destination
    self.applicationProtocol = applicationProtocol
    self.authority = authority
    self.uniqueID = uniqueID
    self.tls = tls
  }

  /// No header that is longer is read or written. Ours have at most 2191 bytes.
  package static let maximumLength = 4096
  static let longestUniqueID = 128

  /// Reads the header that a connection begins with.
  ///
  /// What is malformed has to end the connection: nobody knows who is at its other end.
  package static func parse(_ bytes: UnsafeRawBufferPointer, accepting versions: Versions) -> Parsing<ProxyHeader> {
    guard let first = bytes.first else { return .needsMore }
    if first == UInt8(ascii: "P"), versions == .any { return parseText(bytes) }
    return parseBinary(bytes)
  }
}

/// The types of TLVs that are read; others are skipped (proxy-protocol.txt §2.2).
enum ProxyTLV: UInt8 {
  case applicationProtocol = 0x01
  case authority = 0x02
  case checksum = 0x03
  case uniqueID = 0x05
  case tls = 0x20
}

/// The types of TLVs inside PP2_TYPE_SSL.
enum ProxyTLSPart: UInt8 {
  case version = 0x21
  case commonName = 0x22
  case cipher = 0x23
  case signatureAlgorithm = 0x24
  case keyAlgorithm = 0x25
}

/// Address family and transport (proxy-protocol.txt §2.2). No other pair is valid.
enum ProxyFamily: UInt8 {
  case unspecified = 0x00
  case tcp4 = 0x11
  case udp4 = 0x12
  case tcp6 = 0x21
  case udp6 = 0x22
  case unixStream = 0x31
  case unixDatagram = 0x32
}

/// The texts in TLVs: UTF-8 without control characters, and never longer than a common name of 64 characters can be.
enum ProxyText {
  static let longest = 256

  static func read(_ bytes: UnsafeRawBufferPointer) -> String? {
    guard bytes.count <= longest else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    // Where bytes were no UTF-8, the decoder has put others in their place.
    guard text.utf8.elementsEqual(bytes), isValid(text) else { return nil }
    return text
  }

  static func isValid(_ text: String) -> Bool {
    text.utf8.count <= longest && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
  }
}
