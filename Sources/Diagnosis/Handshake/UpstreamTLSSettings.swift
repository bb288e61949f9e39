package import Formats

/// What a router offers to the backends that it dials: Choreo Connect's `[router.upstream.tls]`.
package struct UpstreamTLSSettings: Hashable, Sendable {
  package var minimum: TLSProtocolVersion
  package var maximum: TLSProtocolVersion
  /// OpenSSL's names of the TLS 1.2 suites that are offered; empty for the default ones. TLS 1.3 has its own.
  package var cipherSuites: [String]
  /// Names in the file that are no suite that we know.
  package var unknownSuites: [String]

  /// - Returns: nil where the file has no `[router.upstream.tls]`.
  /// - Throws: ``FormatError``: `.malformed` for a protocol version that doesn't exist.
  package init?(configTOML bytes: [UInt8]) throws(FormatError) {
    guard let table = try TOMLTable.values(of: "router.upstream.tls", in: bytes) else { return nil }
    minimum = try Self.version(table["minimumProtocolVersion"] ?? "TLS1_2")
    maximum = try Self.version(table["maximumProtocolVersion"] ?? "TLS1_3")
    let names = (table["ciphers"] ?? "").split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    cipherSuites = names.filter(Self.knownSuites.contains)
    unknownSuites = names.filter { !Self.knownSuites.contains($0) }
  }

  private static func version(_ text: String) throws(FormatError) -> TLSProtocolVersion {
    switch text {
    case "TLS1_0": TLSProtocolVersion(rawValue: 0x0301)
    case "TLS1_1": TLSProtocolVersion(rawValue: 0x0302)
    case "TLS1_2": .tls12
    case "TLS1_3": .tls13
    default:
      throw .malformed(format: "config.toml", reason: "\"\(text)\" is no protocol version; it is TLS1_0 to TLS1_3")
    }
  }

  /// The suites of TLS 1.2 and before that the TLS library knows; any other name would make it stop.
  package static let knownSuites: Set<String> = [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES256-SHA",
    "AES128-GCM-SHA256", "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA",
  ]
}

/// What came of a handshake with exactly those settings.
package struct UpstreamTLSAgreement: Hashable, Sendable, Encodable {
  package var settings: String
  package var agreed: NegotiatedTLS?
  /// Why there was none.
  package var failure: String?
  package var unknownSuites: [String]

  package init(settings: UpstreamTLSSettings, agreed: NegotiatedTLS?, failure: String?) {
    let suites = settings.cipherSuites.isEmpty ? "default suites" : settings.cipherSuites.joined(separator: ", ")
    self.settings = "\(settings.minimum) to \(settings.maximum), \(suites)"
    self.agreed = agreed
    self.failure = failure
    unknownSuites = settings.unknownSuites
  }

  var finding: HandshakeDiagnosis? {
    if let failure {
      return HandshakeDiagnosis(
        .problem, "no-common-tls",
        cause: "the router's settings and this backend have no TLS version and cipher in common",
        evidence: "offered \(settings): \(failure)",
        fix: "widen [router.upstream.tls] by what the backend speaks, or the backend's own settings")
    }
    guard !unknownSuites.isEmpty else { return nil }
    return HandshakeDiagnosis(
      .warning, "unknown-cipher", cause: "the router's settings name ciphers that don't exist",
      evidence: unknownSuites.joined(separator: ", "), fix: "use OpenSSL's names, separated by commas")
  }

  var text: String {
    if let agreed { return "agreed on \(agreed.version), \(agreed.cipherSuite)" }
    return "no agreement: \(failure ?? "no handshake")"
  }
}
