import Foundation

/// What a backend is told of the client in a request's fields.
struct ForwardedIdentity {
  let headers: IdentityHeaders

  static let clientCertificate = "x-forwarded-client-cert"

  /// Takes out of a client's request what only the router may say.
  ///
  /// Some backends read `_` as `-`: those names are taken out too.
  func sanitize(_ fields: inout HTTPFields) {
    let own = Set(
      [Self.clientCertificate, "x-forwarded-for", "x-forwarded-proto"]
        + headers.named.map { $0.name.lowercased().replacing("_", with: "-") })
    fields.remove { name in
      // All of them are long; most names aren't.
      guard name.count > 2 else { return false }
      let text = String(decoding: name, as: UTF8.self).replacing("_", with: "-")
      return own.contains(text)
    }
  }

  func add(_ peer: PeerIdentity?, chain: [[UInt8]], to fields: inout HTTPFields) {
    guard let peer else { return }
    if headers.forwardedClientCert { fields.add(Self.clientCertificate, Self.forwardedClientCert(peer)) }
    for header in headers.named {
      for value in Self.values(header.value, peer, chain: chain) { fields.add(header.name, value) }
    }
  }

  /// The form that Envoy writes and many backends read.
  private static func forwardedClientCert(_ peer: PeerIdentity) -> String {
    var parts = ["Hash=\(peer.fingerprint.replacing(":", with: ""))", "Subject=\(quoted(peer.subject))"]
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
    case .fingerprint: [peer.fingerprint.replacing(":", with: "")]
    case .issuer: [peer.issuer]
    case .serial: [peer.serial]
    case .certificate: chain.first.map { [":\(Data($0).base64EncodedString()):"] } ?? []
    }
  }
}

extension HTTPTransaction {
  /// The fields of the request as the backend gets them.
  func forwardedFields() -> HTTPFields {
    var fields = request.fields
    let identity = ForwardedIdentity(headers: connection.listener.configuration.headers)
    let trailers = fields.values("te").contains { $0.lowercased().contains("trailers") }
    fields.removeHopByHop()
    fields.remove { $0.equals("host") }
    identity.sanitize(&fields)
    // gRPC's servers want to see it.
    if trailers { fields.add("te", "trailers") }
    let verdict = connection.client.verdict
    fields.add("x-forwarded-for", connection.clientAddress.hostText)
    fields.add("x-forwarded-proto", connection.client.hasTLS ? "https" : "http")
    identity.add(verdict?.peer, chain: verdict?.chain ?? [], to: &fields)
    return fields
  }

  /// What follows a body may say no more about the client than what precedes it.
  func forwardedTrailers(_ trailers: HTTPFields) -> HTTPFields {
    var fields = trailers
    fields.removeHopByHop()
    ForwardedIdentity(headers: connection.listener.configuration.headers).sanitize(&fields)
    return fields
  }
}
