/// What a client asks for before anything is encrypted (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2).
///
///     struct {
///       ProtocolVersion legacy_version;
///       Random random;
///       opaque legacy_session_id<0..32>;
///       CipherSuite cipher_suites<2..2^16-2>;
///       opaque legacy_compression_methods<1..2^8-1>;
///       Extension extensions<8..2^16-1>;          // absent before TLS 1.3
///     } ClientHello;
///
/// Nothing in it is proven, and with Encrypted Client Hello it is only what the client shows to everybody.
package struct ClientHello: Hashable, Sendable {
  /// The server_name extension's host name in lower case; nil where the client names none.
  package var serverName: String?
  /// ALPN's names in the client's order. Names that aren't of visible ASCII, as of RFC 8701's grease, are left out.
  package var applicationProtocols: [String]
  /// The highest version that the client offers: 0x0304 is TLS 1.3.
  package var highestVersion: UInt16

  package init(serverName: String?, applicationProtocols: [String], highestVersion: UInt16) {
    self.serverName = serverName
    self.applicationProtocols = applicationProtocols
    self.highestVersion = highestVersion
  }

  /// The longest message that is read, without its header.
  ///
  /// Hellos have 200 to 2000 bytes, and some kilobytes where a ticket in them holds a chain of certificates, more where
  /// the chain is post-quantum. The format's own limit for all extensions together is one byte less than this.
  package static let longestMessage = 65_536
  /// The most records that a hello may be split over. Clients use one, or a few to get past broken middleboxes. A peer
  /// that sends a byte in each is after our time.
  package static let mostRecords = 32
  /// A hello takes no more bytes of the stream than this.
  package static let maximumLength = 4 + longestMessage + mostRecords * ClientHelloRecords.headerLength

  private static let mostApplicationProtocols = 64

  /// Reads the records that a TLS connection begins with, up to the end of the hello.
  package static func parse(_ bytes: UnsafeRawBufferPointer) -> Parsing<ClientHello> {
    do throws(Malformed) {
      guard let records = try ClientHelloRecords.find(in: bytes) else { return .needsMore }
      return records.withMessage { read($0, length: records.bytes.count) }
    } catch {
      return .malformed(error.reason)
    }
  }

  private static func read(_ message: UnsafeRawBufferPointer, length: Int) -> Parsing<ClientHello> {
    do throws(Malformed) {
      let hello = try ClientHello(message: message)
      return .parsed(hello, length: length)
    } catch {
      return .malformed(error.reason)
    }
  }

  private init(message: UnsafeRawBufferPointer) throws(Malformed) {
    var reader = WireReader(message)
    guard reader.take(4) != nil, let version = reader.uint16(), version >> 8 == 3, reader.take(32) != nil,
      let session = reader.vector8(), session.count <= 32,
      let suites = reader.vector16(), suites.count >= 2, suites.count.isMultiple(of: 2),
      let compression = reader.vector8(), !compression.isEmpty
    else { throw Malformed("a ClientHello that can't be read") }
    self.init(serverName: nil, applicationProtocols: [], highestVersion: version)
    guard !reader.isAtEnd else { return }
    guard let extensions = reader.vector16(), reader.isAtEnd else {
      throw Malformed("a ClientHello whose extensions can't be read")
    }
    try readExtensions(extensions)
  }

  private mutating func readExtensions(_ extensions: UnsafeRawBufferPointer) throws(Malformed) {
    var reader = WireReader(extensions)
    var seen: UInt64 = 0
    while !reader.isAtEnd {
      guard let type = reader.uint16(), let content = reader.vector16() else {
        throw Malformed("a ClientHello whose extensions can't be read")
      }
      // No extension may stand twice (RFC 8446 §4.2). Those that anything depends on have numbers below 64.
      if type < 64 {
        let bit = UInt64(1) << UInt64(type)
        guard seen & bit == 0 else { throw Malformed("an extension stands twice in a ClientHello") }
        seen |= bit
      }
      switch type {
      case 0: serverName = try Self.serverName(content)
      case 16: applicationProtocols = try Self.applicationProtocols(content)
      case 43: highestVersion = try Self.highestVersion(content)
      default: break
      }
    }
  }

  /// server_name (RFC 6066 §3). Names of a type that isn't host_name are skipped.
  private static func serverName(_ content: UnsafeRawBufferPointer) throws(Malformed) -> String? {
    var reader = WireReader(content)
    guard let list = reader.vector16(), !list.isEmpty, reader.isAtEnd else {
      throw Malformed("a server_name extension that can't be read")
    }
    var names = WireReader(list)
    var found: String?
    while !names.isAtEnd {
      guard let type = names.uint8(), let name = names.vector16() else {
        throw Malformed("a server_name extension that can't be read")
      }
      guard type == 0 else { continue }
      guard found == nil else { throw Malformed("a ClientHello that names more than one server") }
      found = try hostName(name)
    }
    return found
  }

  /// A name that routes and log lines can take as it is. The underscore stands in names of containers and services.
  private static func hostName(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> String {
    guard bytes.count <= 255 else { throw Malformed("a server name that is too long") }
    var label = 0
    var hasUpperCase = false
    for byte in bytes {
      switch byte {
      case UInt8(ascii: ".") where label > 0:
        label = 0
        continue
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        hasUpperCase = true
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        break
      default:
        throw Malformed("a server name that isn't a name of the DNS")
      }
      label += 1
      guard label <= 63 else { throw Malformed("a server name that isn't a name of the DNS") }
    }
    // Neither an empty name nor one with a final dot: RFC 6066 §3 forbids both.
    guard label > 0 else { throw Malformed("a server name that isn't a name of the DNS") }
    let name = String(decoding: bytes, as: UTF8.self)
    return hasUpperCase ? name.lowercased() : name
  }

  /// application_layer_protocol_negotiation (RFC 7301 §3.1).
  private static func applicationProtocols(_ content: UnsafeRawBufferPointer) throws(Malformed) -> [String] {
    var reader = WireReader(content)
    guard let list = reader.vector16(), !list.isEmpty, reader.isAtEnd else {
      throw Malformed("an ALPN extension that can't be read")
    }
    var names = WireReader(list)
    var found: [String] = []
    var count = 0
    while !names.isAtEnd {
      guard let name = names.vector8(), !name.isEmpty else { throw Malformed("an ALPN extension that can't be read") }
      count += 1
      guard count <= mostApplicationProtocols else { throw Malformed("an ALPN extension with too many protocols") }
      if name.allSatisfy({ (0x21...0x7E).contains($0) }) { found.append(String(decoding: name, as: UTF8.self)) }
    }
    return found
  }

  /// supported_versions (RFC 8446 §4.2.1), which counts alone where it is.
  private static func highestVersion(_ content: UnsafeRawBufferPointer) throws(Malformed) -> UInt16 {
    var reader = WireReader(content)
    guard let list = reader.vector8(), list.count.isMultiple(of: 2), reader.isAtEnd else {
      throw Malformed("a supported_versions extension that can't be read")
    }
    var versions = WireReader(list)
    var highest: UInt16 = 0
    while let version = versions.uint16() {
      // Grease (RFC 8701 §2) is of the form 0x?A?A.
      if version & 0x0F0F != 0x0A0A { highest = max(highest, version) }
    }
    guard highest > 0 else { throw Malformed("a ClientHello that offers no version of TLS") }
    return highest
  }
}
