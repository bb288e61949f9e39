/// A number that IANA registers for TLS, printed by its registered name.
package protocol TLSParameter: RawRepresentable, Hashable, Sendable, CustomStringConvertible, Encodable
where RawValue == UInt16 {
  init(rawValue: UInt16)
  static var registered: [UInt16: String] { get }
}

extension TLSParameter {
  /// The registered name, or the number in hexadecimal.
  package var description: String {
    if let name = Self.registered[rawValue] { return name }
    let digits = String(rawValue, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// A protocol version (RFC 8446 §4.2.1).
package struct TLSProtocolVersion: TLSParameter {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let tls12 = TLSProtocolVersion(rawValue: 0x0303)
  package static let tls13 = TLSProtocolVersion(rawValue: 0x0304)

  package static let registered: [UInt16: String] = [
    0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3",
  ]
}

/// A key-exchange group (RFC 8446 §4.2.7).
package struct TLSNamedGroup: TLSParameter {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let x25519MLKEM768 = TLSNamedGroup(rawValue: 0x11EC)
  package static let x25519 = TLSNamedGroup(rawValue: 0x001D)
  package static let secp256r1 = TLSNamedGroup(rawValue: 0x0017)

  /// Whether the group resists an attacker who records now and owns a quantum computer later.
  package var isPostQuantum: Bool { (0x11EB...0x11ED).contains(rawValue) || (0x0200...0x0202).contains(rawValue) }

  package static let registered: [UInt16: String] = [
    0x0015: "secp224r1", 0x0017: "P-256", 0x0018: "P-384", 0x0019: "P-521", 0x001A: "brainpoolP256r1",
    0x001B: "brainpoolP384r1", 0x001C: "brainpoolP512r1", 0x001D: "X25519", 0x001E: "X448", 0x0100: "ffdhe2048",
    0x0101: "ffdhe3072", 0x0102: "ffdhe4096", 0x0103: "ffdhe6144", 0x0104: "ffdhe8192", 0x0200: "MLKEM512",
    0x0201: "MLKEM768", 0x0202: "MLKEM1024", 0x11EB: "SecP256r1MLKEM768", 0x11EC: "X25519MLKEM768",
    0x11ED: "SecP384r1MLKEM1024", 0x6399: "X25519Kyber768Draft00",
  ]
}

/// A signature algorithm (RFC 8446 §4.2.3).
package struct TLSSignatureScheme: TLSParameter {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let registered: [UInt16: String] = [
    0x0201: "rsa_pkcs1_sha1", 0x0203: "ecdsa_sha1", 0x0301: "rsa_pkcs1_sha224", 0x0303: "ecdsa_sha224",
    0x0401: "rsa_pkcs1_sha256", 0x0403: "ecdsa_secp256r1_sha256", 0x0501: "rsa_pkcs1_sha384",
    0x0503: "ecdsa_secp384r1_sha384", 0x0601: "rsa_pkcs1_sha512", 0x0603: "ecdsa_secp521r1_sha512",
    0x0804: "rsa_pss_rsae_sha256", 0x0805: "rsa_pss_rsae_sha384", 0x0806: "rsa_pss_rsae_sha512", 0x0807: "ed25519",
    0x0808: "ed448", 0x0809: "rsa_pss_pss_sha256", 0x080A: "rsa_pss_pss_sha384", 0x080B: "rsa_pss_pss_sha512",
    0x0904: "mldsa44", 0x0905: "mldsa65", 0x0906: "mldsa87",
  ]
}

/// A cipher suite (RFC 8446 §B.4, RFC 5246 §A.5).
package struct TLSCipherSuite: TLSParameter {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  package static let aes128GCM = TLSCipherSuite(rawValue: 0x1301)
  package static let aes256GCM = TLSCipherSuite(rawValue: 0x1302)
  package static let chaCha20Poly1305 = TLSCipherSuite(rawValue: 0x1303)

  /// Whether TLS 1.2 agrees on a key over a named curve with it.
  package var usesNamedCurve: Bool { Self.registered[rawValue]?.hasPrefix("TLS_ECDHE_") ?? false }

  package static let registered: [UInt16: String] = [
    0x1301: "TLS_AES_128_GCM_SHA256", 0x1302: "TLS_AES_256_GCM_SHA384", 0x1303: "TLS_CHACHA20_POLY1305_SHA256",
    0x1304: "TLS_AES_128_CCM_SHA256", 0x1305: "TLS_AES_128_CCM_8_SHA256",
    0xC02B: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02C: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCA8: "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xCCA9: "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    0xC009: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xC00A: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    0xC013: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xC014: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    0xC023: "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256", 0xC024: "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384",
    0xC027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", 0xC028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0x009C: "TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009D: "TLS_RSA_WITH_AES_256_GCM_SHA384",
    0x002F: "TLS_RSA_WITH_AES_128_CBC_SHA", 0x0035: "TLS_RSA_WITH_AES_256_CBC_SHA",
    0x003C: "TLS_RSA_WITH_AES_128_CBC_SHA256", 0x003D: "TLS_RSA_WITH_AES_256_CBC_SHA256",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", 0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0xCCAA: "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
  ]
}
