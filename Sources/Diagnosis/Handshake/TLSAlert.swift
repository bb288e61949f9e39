/// An alert of the TLS alert protocol (RFC 8446 §6, RFC 5246 §7.2): one byte that says why a peer ended the connection.
package struct TLSAlert: RawRepresentable, Hashable, Sendable {
  package let rawValue: UInt8

  package init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  package static let closeNotify = TLSAlert(rawValue: 0)
  package static let handshakeFailure = TLSAlert(rawValue: 40)
  package static let noCertificate = TLSAlert(rawValue: 41)
  package static let badCertificate = TLSAlert(rawValue: 42)
  package static let unsupportedCertificate = TLSAlert(rawValue: 43)
  package static let certificateRevoked = TLSAlert(rawValue: 44)
  package static let certificateExpired = TLSAlert(rawValue: 45)
  package static let certificateUnknown = TLSAlert(rawValue: 46)
  package static let unknownCA = TLSAlert(rawValue: 48)
  package static let accessDenied = TLSAlert(rawValue: 49)
  package static let decryptError = TLSAlert(rawValue: 51)
  package static let protocolVersion = TLSAlert(rawValue: 70)
  package static let internalError = TLSAlert(rawValue: 80)
  package static let unrecognizedName = TLSAlert(rawValue: 112)
  package static let certificateRequired = TLSAlert(rawValue: 116)
  package static let noApplicationProtocol = TLSAlert(rawValue: 120)

  /// The name that the RFC gives the alert, or `alert` when the number is not registered.
  package var name: String { Self.registered[rawValue]?.name ?? "alert" }

  /// What a peer says with it, in one clause.
  package var meaning: String { Self.registered[rawValue]?.meaning ?? "a reason that is not registered" }

  /// Whether the alert speaks about the certificate that the other side presented or failed to present.
  package var concernsCertificate: Bool {
    (41...46).contains(rawValue) || [48, 49, 51, 116].contains(rawValue)
  }
}

extension TLSAlert: CustomStringConvertible {
  /// The name and the number, as in `unknown_ca (48)`.
  package var description: String { "\(name) (\(rawValue))" }
}

extension TLSAlert: Encodable {
  private enum CodingKeys: String, CodingKey { case number, name }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rawValue, forKey: .number)
    try container.encode(name, forKey: .name)
  }
}

extension TLSAlert {
  private static let registered: [UInt8: (name: String, meaning: String)] = [
    0: ("close_notify", "it has nothing more to send"),
    10: ("unexpected_message", "a message arrived that does not belong there"),
    20: ("bad_record_mac", "a record could not be authenticated"),
    22: ("record_overflow", "a record was too long"),
    30: ("decompression_failure", "a record could not be decompressed"),
    40: ("handshake_failure", "no acceptable set of security parameters, or no acceptable certificate"),
    41: ("no_certificate", "no certificate was presented"),
    42: ("bad_certificate", "the certificate is missing, corrupt or its signature is wrong"),
    43: ("unsupported_certificate", "the certificate is of a kind or purpose that it does not take"),
    44: ("certificate_revoked", "the certificate was revoked"),
    45: ("certificate_expired", "the certificate has expired or is not valid yet"),
    46: ("certificate_unknown", "the certificate was refused for another reason"),
    47: ("illegal_parameter", "a field was out of range or contradicts another"),
    48: ("unknown_ca", "no CA that it trusts issued the certificate"),
    49: ("access_denied", "the certificate is valid, but its holder is not let in"),
    50: ("decode_error", "a message could not be decoded"),
    51: ("decrypt_error", "a signature or a Finished message could not be verified"),
    70: ("protocol_version", "it does not speak a TLS version that was offered"),
    71: ("insufficient_security", "it demands stronger parameters than were offered"),
    80: ("internal_error", "it failed for a reason of its own"),
    86: ("inappropriate_fallback", "a retry with a lower version was detected"),
    90: ("user_canceled", "the handshake was cancelled"),
    100: ("no_renegotiation", "it does not renegotiate"),
    109: ("missing_extension", "an extension that it needs was not sent"),
    110: ("unsupported_extension", "an extension was sent that was not asked for"),
    112: ("unrecognized_name", "it serves no host of that name"),
    113: ("bad_certificate_status_response", "the stapled OCSP response is not acceptable"),
    115: ("unknown_psk_identity", "it does not know the pre-shared key"),
    116: ("certificate_required", "a client certificate is required, and none was presented"),
    120: ("no_application_protocol", "it supports none of the application protocols offered"),
    121: ("ech_required", "encrypted ClientHello is required"),
  ]
}

/// One entry of BoringSSL's error queue, read from its text.
///
/// The form is `error:[eight hex digits]:[library]:[function]:[REASON]`, possibly with words before it and
/// ` at file:line` behind it. The digits hold the library in the upper eight bits and the reason in the lower twelve.
package struct BoringSSLReason: Hashable, Sendable {
  package var code: UInt32
  package var name: String

  package init?(parsing text: some StringProtocol) {
    let fields: [Substring] = String(text).split(separator: ":" as Character, omittingEmptySubsequences: false)
    guard let start = fields.firstIndex(where: { $0 == "error" || $0.hasSuffix(" error") }),
      fields.count > start + 4, fields[start + 1].utf8.count == 8, let code = UInt32(fields[start + 1], radix: 16)
    else { return nil }
    self.code = code
    name = fields[start + 4].split(separator: " " as Character).first.map { String($0) } ?? ""
  }

  /// The alert that the peer sent, when the error stands for one: BoringSSL numbers them from 1000 in its SSL library.
  package var alert: TLSAlert? {
    let library = code >> 24
    let number = Int(code & 0xFFF)
    guard library == 16, number >= 1000 else { return nil }
    return UInt8(exactly: number - 1000).map(TLSAlert.init(rawValue:))
  }

  /// The reason in lower-case words, as in `no shared cipher`.
  package var words: String {
    String(name.lowercased().map { $0 == "_" ? " " : $0 })
  }
}
