/// What is offered and accepted in a handshake.
package struct TLSSettings: Hashable, Sendable {
  package var min: TLSVersion
  package var max: TLSVersion
  /// For TLS 1.2; what TLS 1.3 has needs no choice.
  package var ciphers: [TLSCipherSuite]
  package var groups: [TLSGroup]
  /// Empty where none is negotiated.
  package var alpn: [String]

  package init(
    min: TLSVersion = .tls13, max: TLSVersion = .tls13, ciphers: [TLSCipherSuite] = TLSCipherSuite.allCases,
    groups: [TLSGroup] = TLSGroup.allCases, alpn: [String] = []
  ) {
    self.min = min
    self.max = max
    self.ciphers = ciphers
    self.groups = groups
    self.alpn = alpn
  }
}

package enum TLSVersion: String, CaseIterable, Hashable, Sendable, Comparable {
  case tls12 = "1.2"
  case tls13 = "1.3"

  package var codePoint: UInt16 {
    switch self {
    case .tls12: 0x0303
    case .tls13: 0x0304
    }
  }

  package static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.codePoint < right.codePoint }
}

/// Key exchange, in the order of preference.
package enum TLSGroup: String, CaseIterable, Hashable, Sendable {
  case x25519MLKEM768 = "X25519MLKEM768"
  case x25519 = "X25519"
  case p256 = "P-256"
  case p384 = "P-384"

  package var codePoint: UInt16 {
    switch self {
    case .x25519MLKEM768: 0x11ec
    case .x25519: 0x001d
    case .p256: 0x0017
    case .p384: 0x0018
    }
  }
}

/// The suites of TLS 1.2 with forward secrecy and authenticated encryption, in the order of preference, by the names
/// that IANA registered.
package enum TLSCipherSuite: String, CaseIterable, Hashable, Sendable {
  case ecdsaAES128GCM = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
  case rsaAES128GCM = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
  case ecdsaAES256GCM = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
  case rsaAES256GCM = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
  case ecdsaChaCha20 = "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"
  case rsaChaCha20 = "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"

  package var codePoint: UInt16 {
    switch self {
    case .ecdsaAES128GCM: 0xc02b
    case .rsaAES128GCM: 0xc02f
    case .ecdsaAES256GCM: 0xc02c
    case .rsaAES256GCM: 0xc030
    case .ecdsaChaCha20: 0xcca9
    case .rsaChaCha20: 0xcca8
    }
  }
}
