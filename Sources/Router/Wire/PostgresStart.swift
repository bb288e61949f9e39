/// The message that a client of PostgreSQL begins with, and what a router answers to it
/// (PostgreSQL's documentation, "Message Flow": "Start-up", "SSL Session Encryption", "GSSAPI Session Encryption").
///
///     Int32 length        // of the whole message, itself included
///     Int32 code          // what is asked for, or the version of the protocol
///     ...                 // parameters, or the key of what is to be cancelled
package enum PostgresStart: Hashable, Sendable {
  /// SSLRequest. The answer is one byte: ``PostgresAnswer/yes``, and TLS begins with the client's next byte; or
  /// ``PostgresAnswer/no``, and the client begins again in the clear or leaves. Where mutual TLS is demanded, the
  /// answer is yes; where a client on the same host is helped to mutual TLS, it is no.
  case sslRequest
  /// GSSENCRequest. The answer is always ``PostgresAnswer/no``: the client begins again, with SSLRequest or without.
  case gssEncryptionRequest
  /// CancelRequest, in the clear. It has no answer: it is passed on as it is, or the connection is closed where mutual
  /// TLS is demanded.
  case cancelRequest
  /// StartupMessage in the clear: the client doesn't ask for TLS. It is passed on as it is, or the connection is closed
  /// where mutual TLS is demanded. Its parameters are the server's to judge.
  /// - Parameter version: of the protocol, 0x00030000 for 3.0.
  case startup(version: UInt32)
  /// A ClientHello without any request before it (`sslnegotiation=direct`, PostgreSQL 17). It takes no bytes of the
  /// stream and has no answer but TLS's own, with the ALPN name `postgresql`.
  case directTLS

  /// No message that is longer is read, as in PostgreSQL itself.
  package static let maximumLength = 10_000

  /// What a router sends to a server that it wants to speak TLS with.
  package static let sslRequestMessage: [UInt8] = [0x00, 0x00, 0x00, 0x08, 0x04, 0xD2, 0x16, 0x2F]

  /// Reads the message that a connection begins with, or that follows an answer of ``PostgresAnswer/no``.
  ///
  /// After a request for encryption the client has to wait for the answer. Bytes that came with the request would be
  /// taken for bytes that came encrypted, so with them it is malformed.
  package static func parse(_ bytes: UnsafeRawBufferPointer) -> Parsing<PostgresStart> {
    guard let first = bytes.first else { return .needsMore }
    if first == 0x16 { return .parsed(.directTLS, length: 0) }
    guard first == 0 else { return .malformed("neither PostgreSQL's protocol nor TLS") }
    var reader = WireReader(bytes)
    guard let length = reader.uint32() else { return .needsMore }
    guard (8...UInt32(maximumLength)).contains(length) else {
      return .malformed("a first message of PostgreSQL's protocol of \(length) bytes")
    }
    guard let code = reader.uint32() else { return .needsMore }
    guard let start = PostgresStart(code: code, length: length) else {
      return .malformed("a first message of PostgreSQL's protocol with an unknown code or a wrong length")
    }
    guard bytes.count >= Int(length) else { return .needsMore }
    if start.asksForEncryption, bytes.count > Int(length) {
      return .malformed("bytes that didn't wait for the answer to a request for encryption")
    }
    return .parsed(start, length: Int(length))
  }

  private var asksForEncryption: Bool { self == .sslRequest || self == .gssEncryptionRequest }

  private init?(code: UInt32, length: UInt32) {
    switch (code >> 16, code & 0xFFFF, length) {
    // Process and key, which has up to 256 bytes from version 3.2 of the protocol on.
    case (1234, 5678, 16...268): self = .cancelRequest
    case (1234, 5679, 8): self = .sslRequest
    case (1234, 5680, 8): self = .gssEncryptionRequest
    // At least the zero that ends the parameters.
    case (3, _, 9...): self = .startup(version: code)
    default: return nil
    }
  }
}

/// The byte with which a server answers a request for encryption.
package enum PostgresAnswer: UInt8, Hashable, Sendable {
  /// `S`: TLS begins. To GSSENCRequest it is no valid answer.
  case yes = 0x53
  /// `N`: it goes on in the clear.
  case no = 0x4E
  /// `E`, which an error message begins with. The message isn't to be trusted, nor to be shown.
  case error = 0x45
}

extension PostgresStart {
  /// An ErrorResponse that ends the connection (PostgreSQL's documentation, "Message Formats"), with the SQLSTATE
  /// `invalid_authorization_specification`.
  package static func errorResponse(_ text: String) -> [UInt8] {
    var fields: [UInt8] = []
    for (type, value) in [("S", "FATAL"), ("V", "FATAL"), ("C", "28000"), ("M", text)] {
      fields += Array(type.utf8) + Array(value.utf8) + [0]
    }
    let length = UInt32(4 + fields.count + 1)
    return [0x45] + withUnsafeBytes(of: length.bigEndian) { Array($0) } + fields + [0]
  }
}
