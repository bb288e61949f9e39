import Foundation

/// What a backend is told of the client in a request's fields.
struct ForwardedIdentity: Sendable {
  let headers: IdentityHeaders
  /// What no client may say: names in lower case, with hyphens.
  private let own: [[UInt8]]
  /// A bit for each length that one of those has.
  private let lengths: UInt64

  static let clientCertificate = "x-forwarded-client-cert"

  init(_ headers: IdentityHeaders) {
    self.headers = headers
    let names = [Self.clientCertificate, "x-forwarded-for", "x-forwarded-proto"] + headers.named.map(\.name)
    own = names.map { $0.utf8.map(Self.plain) }
    lengths = own.reduce(0) { $0 | Self.bit($1.count) }
  }

  private static func plain(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): byte
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): HTTPFields.lowered(byte)
    default: UInt8(ascii: "-")
    }
  }

  private static func bit(_ length: Int) -> UInt64 { 1 << UInt64(min(length, 63)) }

  /// Takes out of a client's request what only the router may say.
  ///
  /// Some backends read `_` as `-`, and gateways make one variable of all names that differ by punctuation: those names
  /// are taken out too.
  func sanitize(_ fields: inout HTTPFields) {
    fields.remove { name in
      guard lengths & Self.bit(name.count) != 0 else { return false }
      return own.contains { wanted in
        guard wanted.count == name.count else { return false }
        for index in 0..<name.count where Self.plain(name[index]) != wanted[index] { return false }
        return true
      }
    }
  }

  /// All that is told of a connection's client: the same for each of its requests.
  func fields(of connection: Connection) -> HTTPFields {
    var fields = HTTPFields()
    let verdict = connection.client.verdict
    fields.add("x-forwarded-for", connection.clientAddress.hostText)
    fields.add("x-forwarded-proto", connection.client.hasTLS ? "https" : "http")
    add(verdict?.peer, chain: verdict?.chain ?? [], to: &fields)
    return fields
  }

  private func add(_ peer: PeerIdentity?, chain: [[UInt8]], to fields: inout HTTPFields) {
    guard let peer else { return }
    if headers.forwardedClientCert { fields.add(Self.clientCertificate, Self.forwardedClientCert(peer)) }
    for header in headers.named {
      for value in Self.values(header.value, peer, chain: chain) { fields.add(header.name, value) }
    }
  }

  /// The form that Envoy writes and many backends read.
  private static func forwardedClientCert(_ peer: PeerIdentity) -> String {
    var parts = ["Hash=\(peer.fingerprint)", "Subject=\(quoted(peer.subject))"]
    parts += peer.uris.map { "URI=\(plain($0))" }
    parts += peer.dnsNames.map { "DNS=\(plain($0))" }
    return parts.joined(separator: ";")
  }

  private static func quoted(_ text: String) -> String {
    "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }

  /// Names of SANs: with anything in them that ends an element, they are quoted.
  private static func plain(_ text: String) -> String {
    text.contains { ";,=\"\\".contains($0) } ? quoted(text) : text
  }

  private static func values(_ value: IdentityHeader.Value, _ peer: PeerIdentity, chain: [[UInt8]]) -> [String] {
    switch value {
    case .subject: [peer.subject]
    case .commonName: peer.commonNames
    case .organization: peer.organizations
    case .dns: peer.dnsNames
    case .uri: peer.uris
    case .address: peer.addresses
    case .fingerprint: [peer.fingerprint]
    case .issuer: [peer.issuer]
    case .serial: [peer.serial]
    case .certificate: chain.first.map { [":\(Data($0).base64EncodedString()):"] } ?? []
    }
  }
}

extension HTTPTransaction {
  /// The fields of the request as the backend gets them, before those that tell it who the client is.
  func forwardedFields() -> HTTPFields {
    var fields = request.fields
    let trailers = fields.values(.te).contains { $0.lowercased().contains("trailers") }
    fields.removeHopByHop()
    fields.remove(.host)
    connection.listener.forwarded.sanitize(&fields)
    // gRPC's servers want to see it.
    if trailers { fields.add("te", "trailers") }
    return fields
  }

  /// What follows a body may say no more about the client than what precedes it.
  func forwardedTrailers(_ trailers: HTTPFields) -> HTTPFields {
    var fields = trailers
    fields.removeHopByHop()
    connection.listener.forwarded.sanitize(&fields)
    return fields
  }
}
