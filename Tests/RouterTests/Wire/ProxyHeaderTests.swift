import Router
import Testing

@Suite("the PROXY protocol's version 2")
struct ProxyHeaderTests {
  private let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

  private func header(command: UInt8 = 0x21, family: UInt8, _ content: [UInt8]) -> [UInt8] {
    signature + [command, family] + WireBytes.vector(content)
  }

  private func tlv(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
    [type] + WireBytes.vector(value)
  }

  /// 192.0.2.1 port 50000 to 198.51.100.2 port 443.
  private let addresses4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0xC3, 0x50, 0x01, 0xBB]
  private let source4 = ProxyAddress.ipv4([192, 0, 2, 1], port: 50000)
  private let destination4 = ProxyAddress.ipv4([198, 51, 100, 2], port: 443)

  /// HAProxy 2.6 with `proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c,unique-id`, for a
  /// client with a certificate.
  private let withCertificate = WireBytes.hex(
    """
    0d0a0d0a000d0a515549540a2111008c7f0000017f000001d1a8480b030004efd23ac60100026832020010656467652e
    6578616d706c652e6f726705000a636f6e6e2d35333637322000510700000000210007544c5376312e3322000877656c
    6465722d372500075253413230343824001165636473612d776974682d534841323536230016544c535f4145535f3235
    365f47434d5f534841333834
    """)
  /// The same without a client's certificate: `verify` is zero all the same.
  private let withoutCertificate = WireBytes.hex(
    """
    0d0a0d0a000d0a515549540a211100817f0000017f000001d1b8480b030004ee281fb2020010656467652e6578616d70
    6c652e6f726705000a636f6e6e2d353336383820004b0100000000210007544c5376312e322500075253413230343824
    001165636473612d776974682d53484132353623001b45434448452d5253412d4145533235362d47434d2d5348413338
    34
    """)
  /// HAProxy 2.6 with `send-proxy-v2-ssl` for a client without TLS.
  private let withoutTLS = WireBytes.hex(
    "0d0a0d0a000d0a515549540a211100147f0000017f00000190b4480d2000050000000000")

  private var full: ProxyHeader {
    ProxyHeader(
      source: source4, destination: destination4, applicationProtocol: "h2", authority: "edge.example.org",
      uniqueID: [0, 1, 255],
      tls: ProxyTLS(
        version: "TLSv1.3", commonName: "wélder", cipher: "TLS_AES_128_GCM_SHA256", signatureAlgorithm: "RSA-SHA256",
        keyAlgorithm: "RSA2048", presented: true, session: true, verified: true))
  }

  @Test("what HAProxy writes about a client with a certificate is read, and its checksum verified")
  func haproxyWithCertificate() {
    let expected = ProxyHeader(
      source: .ipv4([127, 0, 0, 1], port: 53672), destination: .ipv4([127, 0, 0, 1], port: 18443),
      applicationProtocol: "h2", authority: "edge.example.org", uniqueID: Array("conn-53672".utf8),
      tls: ProxyTLS(
        version: "TLSv1.3", commonName: "welder-7", cipher: "TLS_AES_256_GCM_SHA384",
        signatureAlgorithm: "ecdsa-with-SHA256", keyAlgorithm: "RSA2048", presented: true, session: true, verified: true
      ))
    #expect(WireBytes.proxy(withCertificate) == .parsed(expected, length: 156))
    #expect(WireBytes.proxy(withCertificate, accepting: .v2Only) == .parsed(expected, length: 156))
    // Of what follows nothing is touched.
    #expect(WireBytes.proxy(withCertificate + [0x16, 3, 1]) == .parsed(expected, length: 156))
  }

  @Test("nobody counts as verified without a certificate, whatever the result says")
  func haproxyWithoutCertificate() {
    guard case .parsed(let header, length: 145) = WireBytes.proxy(withoutCertificate) else {
      Issue.record("not parsed")
      return
    }
    #expect(header.tls?.version == "TLSv1.2")
    #expect(header.tls?.cipher == "ECDHE-RSA-AES256-GCM-SHA384")
    #expect(header.tls?.commonName == nil)
    #expect(header.tls?.presented == false)
    #expect(header.tls?.verified == false)
    #expect(ProxyTLS(version: "TLSv1.3", verified: true).verified == false)
  }

  @Test("what a header says about TLS counts only where the client used it")
  func haproxyWithoutTLS() {
    let expected = ProxyHeader(
      source: .ipv4([127, 0, 0, 1], port: 37044), destination: .ipv4([127, 0, 0, 1], port: 18445))
    #expect(WireBytes.proxy(withoutTLS) == .parsed(expected, length: 36))
  }

  @Test("addresses of both families and paths are read")
  func addresses() {
    let ipv4 = header(family: 0x11, addresses4)
    #expect(WireBytes.proxy(ipv4) == .parsed(ProxyHeader(source: source4, destination: destination4), length: 28))

    let from: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    let to: [UInt8] = [0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    let ipv6 = header(family: 0x21, from + to + [0, 1, 0xFF, 0xFF])
    let expected6 = ProxyHeader(source: .ipv6(from, port: 1), destination: .ipv6(to, port: 65535))
    #expect(WireBytes.proxy(ipv6) == .parsed(expected6, length: 52))

    // A path ends at the first zero, an abstract name at the last byte that isn't zero.
    let path = Array("/run/a".utf8) + [0, 0x58] + [UInt8](repeating: 0, count: 100)
    let abstract: [UInt8] = [0, 0x61, 0, 0x62] + [UInt8](repeating: 0, count: 104)
    let unix = header(family: 0x31, path + abstract)
    let expectedUnix = ProxyHeader(source: .unix(Array("/run/a".utf8)), destination: .unix([0, 0x61, 0, 0x62]))
    #expect(WireBytes.proxy(unix) == .parsed(expectedUnix, length: 232))
    let unnamed = header(family: 0x31, [UInt8](repeating: 0, count: 108) + [UInt8](repeating: 0x61, count: 108))
    let expectedUnnamed = ProxyHeader(source: .unix([]), destination: .unix([UInt8](repeating: 0x61, count: 108)))
    #expect(WireBytes.proxy(unnamed) == .parsed(expectedUnnamed, length: 232))
  }

  @Test("LOCAL discards all that its header holds")
  func local() {
    let local = ProxyHeader(command: .local)
    #expect(WireBytes.proxy(header(command: 0x20, family: 0, [])) == .parsed(local, length: 16))
    #expect(WireBytes.proxy(header(command: 0x20, family: 0x11, addresses4)) == .parsed(local, length: 28))
    // Neither a family that nobody knows nor a TLV that is cut off matters.
    #expect(WireBytes.proxy(header(command: 0x20, family: 0x77, [1, 0xFF])) == .parsed(local, length: 18))
  }

  @Test("an unspecified family and datagrams name nobody, but their TLVs count")
  func unspecified() {
    let alpn = tlv(0x01, Array("h2".utf8))
    let expected = ProxyHeader(applicationProtocol: "h2")
    #expect(WireBytes.proxy(header(family: 0x00, alpn)) == .parsed(expected, length: 21))
    #expect(WireBytes.proxy(header(family: 0x12, addresses4 + alpn)) == .parsed(expected, length: 33))
    let addresses6 = [UInt8](repeating: 1, count: 36)
    #expect(WireBytes.proxy(header(family: 0x22, addresses6 + alpn)) == .parsed(expected, length: 57))
    let paths = [UInt8](repeating: 1, count: 216)
    #expect(WireBytes.proxy(header(family: 0x32, paths + alpn)) == .parsed(expected, length: 237))
  }

  @Test("unknown TLVs are skipped")
  func unknownTLVs() {
    // Padding, a namespace, a custom type, and a part of TLS that nobody knows yet.
    let tls = tlv(0x20, WireBytes.join([0x01, 0, 0, 0, 1], tlv(0x21, Array("TLSv1.3".utf8)), tlv(0x2F, [1, 2])))
    let known = tlv(0x01, Array("h2".utf8))
    let unknown = WireBytes.join(tlv(0x04, [0, 0]), tlv(0x30, Array("ns".utf8)), tlv(0xE0, []))
    let bytes = header(family: 0x11, WireBytes.join(addresses4, unknown, known, tls))
    let expected = ProxyHeader(
      source: source4, destination: destination4, applicationProtocol: "h2", tls: ProxyTLS(version: "TLSv1.3"))
    #expect(WireBytes.proxy(bytes) == .parsed(expected, length: bytes.count))
  }

  @Test("a header is read only when it is there in full")
  func truncated() {
    let whole = [withCertificate, withoutCertificate, withoutTLS, header(command: 0x20, family: 0, []), full.encoded()]
    for bytes in whole {
      #expect(WireBytes.proxy(bytes).isParsed)
      for length in bytes.indices {
        let cut = Array(bytes[..<length])
        #expect(WireBytes.proxy(cut) == .needsMore, "\(length) of \(bytes.count) bytes")
        #expect(WireBytes.proxy(cut, accepting: .v2Only) == .needsMore, "\(length) of \(bytes.count) bytes")
      }
    }
  }

  @Test("what isn't a header is known at its first wrong byte")
  func notAHeader() {
    for index in signature.indices {
      var bytes = Array(signature[...index])
      bytes[index] ^= 1
      #expect(WireBytes.proxy(bytes).isMalformed, "\(index)")
    }
    // Versions 1 and 3, unknown commands, families and transports.
    for byte: UInt8 in [0x10, 0x11, 0x31, 0x22, 0x2F] { #expect(WireBytes.proxy(signature + [byte]).isMalformed) }
    for byte: UInt8 in [0x01, 0x10, 0x13, 0x41, 0xFF] {
      #expect(WireBytes.proxy(signature + [0x21, byte]).isMalformed, "\(byte)")
    }
  }

  @Test("a header of 4096 bytes is the longest")
  func longest() {
    let padding = tlv(0x04, [UInt8](repeating: 0, count: 4077))
    let bytes = header(family: 0, padding)
    #expect(bytes.count == ProxyHeader.maximumLength)
    #expect(WireBytes.proxy(bytes) == .parsed(ProxyHeader(), length: 4096))
    // The length is enough to refuse it: 4081.
    #expect(WireBytes.proxy(signature + [0x21, 0x00, 0x0F, 0xF1]).isMalformed)
    #expect(WireBytes.proxy(signature + [0x20, 0x00, 0xFF, 0xFF]).isMalformed)
  }

  @Test("lengths that lie are refused")
  func lengths() {
    for count in 0..<12 { #expect(WireBytes.proxy(header(family: 0x11, Array(addresses4[..<count]))).isMalformed) }
    #expect(WireBytes.proxy(header(family: 0x21, [UInt8](repeating: 0, count: 35))).isMalformed)
    #expect(WireBytes.proxy(header(family: 0x31, [UInt8](repeating: 0, count: 215))).isMalformed)
    for rest: [UInt8] in [[1], [1, 0], [1, 0, 1], [0xE0, 0xFF, 0xFF, 0], [4, 0, 1, 0, 0]] {
      #expect(WireBytes.proxy(header(family: 0x11, addresses4 + rest)).isMalformed, "\(rest)")
    }
    // Inside PP2_TYPE_SSL: too short, and parts that it doesn't hold.
    for value: [UInt8] in [[], [1], [1, 0, 0, 0], [1, 0, 0, 0, 0, 0x21], [1, 0, 0, 0, 0, 0x21, 0, 2, 0x41]] {
      #expect(WireBytes.proxy(header(family: 0, tlv(0x20, value))).isMalformed, "\(value)")
    }
  }

  @Test("values that can't be what they should are refused")
  func values() {
    let version = tlv(0x21, Array("TLSv1.3".utf8))
    let alpn = tlv(0x01, Array("h2".utf8))
    let wrong: [[UInt8]] = [
      tlv(0x02, [0xFF]),  // no UTF-8
      tlv(0x02, Array("a\nb".utf8)),
      tlv(0x02, [UInt8](repeating: 0x61, count: 257)),
      tlv(0x05, [UInt8](repeating: 0, count: 129)),
      tlv(0x03, [0, 0, 0]),
      tlv(0x03, [0, 0, 0, 0, 0]),
      WireBytes.join(alpn, alpn),
      WireBytes.join(tlv(0x20, [0, 0, 0, 0, 0]), tlv(0x20, WireBytes.join([1, 0, 0, 0, 0], version))),
      tlv(0x20, [1, 0, 0, 0, 0]),  // TLS, but not which
      tlv(0x20, WireBytes.join([1, 0, 0, 0, 0], version, version)),
      tlv(0x20, WireBytes.join([7, 0, 0, 0, 0], version, tlv(0x22, [0xC3]))),
    ]
    for content in wrong { #expect(WireBytes.proxy(header(family: 0, content)).isMalformed, "\(content)") }
    #expect(WireBytes.proxy(header(family: 0, tlv(0x02, [UInt8](repeating: 0x61, count: 256)))).isParsed)
    #expect(WireBytes.proxy(header(family: 0, tlv(0x05, [UInt8](repeating: 0, count: 128)))).isParsed)
  }

  @Test("a changed header doesn't fit its checksum")
  func checksum() {
    // An address, a port, the checksum itself, the type of a TLV, a text.
    for index in [16, 19, 24, 31, 34, 40, withCertificate.count - 1] {
      for bit in 0..<8 {
        var bytes = withCertificate
        bytes[index] ^= 1 << UInt8(bit)
        #expect(WireBytes.proxy(bytes).isMalformed, "bit \(bit) of byte \(index)")
      }
    }
    var ours = full.encoded(checksum: true)
    #expect(WireBytes.proxy(ours) == .parsed(full, length: ours.count))
    ours[20] ^= 0x80
    #expect(WireBytes.proxy(ours).isMalformed)
  }

  @Test("a header is written as the specification says")
  func written() {
    let tls = ProxyTLS(
      version: "TLSv1.3", commonName: "a", cipher: "c", presented: true, session: true, verified: true)
    let header = ProxyHeader(
      source: source4, destination: destination4, applicationProtocol: "h2", authority: "b", uniqueID: [9], tls: tls)
    // 12 bytes of addresses, then ALPN, AUTHORITY, UNIQUE_ID, SSL with 23 bytes: flags, verify, version, CN, cipher.
    let expected = WireBytes.hex(
      """
      0d0a0d0a000d0a515549540a 21 11 0033
      c0000201 c6336402 c350 01bb
      01 0002 6832
      02 0001 62
      05 0001 09
      20 0017 07 00000000
        21 0007 544c5376312e33
        22 0001 61
        23 0001 63
      """)
    #expect(header.encoded() == expected)
    #expect(ProxyHeader(command: .local, source: source4).encoded() == signature + [0x20, 0, 0, 0])
  }

  @Test("what is written is read as the same")
  func roundTrip() {
    let source6 = ProxyAddress.ipv6([UInt8](repeating: 0xFE, count: 16), port: 0)
    var headers = [
      full, ProxyHeader(), ProxyHeader(command: .local), ProxyHeader(source: source4, destination: destination4),
      ProxyHeader(source: source6, destination: .ipv6([UInt8](repeating: 0, count: 16), port: 65535), authority: ""),
      ProxyHeader(source: .unix([]), destination: .unix(Array("/run/countersign.sock".utf8)), uniqueID: []),
      ProxyHeader(source: .unix([0, 0x61]), destination: .unix([UInt8](repeating: 0xE9, count: 108))),
    ]
    for (presented, session, verified) in [(false, false, false), (false, true, true), (true, true, false)] {
      let tls = ProxyTLS(version: "TLSv1.2", presented: presented, session: session, verified: verified)
      headers.append(ProxyHeader(source: source4, destination: destination4, tls: tls))
    }
    for header in headers {
      for checksum in [false, true] {
        let bytes = header.encoded(checksum: checksum)
        #expect(WireBytes.proxy(bytes) == .parsed(header, length: bytes.count), "\(header)")
      }
    }
  }

  @Test("what the format can't hold is left out, never cut")
  func left() {
    // Of two families, the IPv4 address becomes a mapped one.
    let destination6 = ProxyAddress.ipv6([UInt8](repeating: 0xFE, count: 16), port: 443)
    let mapped = ProxyAddress.ipv6([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1], port: 50000)
    let mixed = ProxyHeader(source: source4, destination: destination6).encoded()
    #expect(WireBytes.proxy(mixed) == .parsed(ProxyHeader(source: mapped, destination: destination6), length: 52))

    let long = ProxyAddress.unix([UInt8](repeating: 0x61, count: 109))
    let impossible: [(ProxyAddress, ProxyAddress)] = [
      (long, .unix([])), (source4, .unix([])), (.ipv4([1], port: 1), destination4),
    ]
    for (source, destination) in impossible {
      let bytes = ProxyHeader(source: source, destination: destination).encoded()
      #expect(WireBytes.proxy(bytes) == .parsed(ProxyHeader(), length: 16))
    }
    let longName = String(repeating: "é", count: 129)
    let tls = ProxyTLS(version: "TLSv1.3", commonName: longName, cipher: "a\r\nb", presented: true)
    let header = ProxyHeader(
      applicationProtocol: "\u{7F}", authority: longName, uniqueID: [UInt8](repeating: 0, count: 129), tls: tls)
    let bytes = header.encoded()
    let expected = ProxyHeader(tls: ProxyTLS(version: "TLSv1.3", presented: true))
    #expect(WireBytes.proxy(bytes) == .parsed(expected, length: bytes.count))
  }

  @Test("the longest header that can be written can be read")
  func longestWritten() {
    let text = String(repeating: "a", count: 256)
    let path = ProxyAddress.unix([UInt8](repeating: 0x61, count: 108))
    let header = ProxyHeader(
      source: path, destination: path, applicationProtocol: text, authority: text,
      uniqueID: [UInt8](repeating: 1, count: 128),
      tls: ProxyTLS(
        version: text, commonName: text, cipher: text, signatureAlgorithm: text, keyAlgorithm: text, presented: true,
        session: true, verified: true))
    let bytes = header.encoded(checksum: true)
    #expect(bytes.count == 2191)
    #expect(WireBytes.proxy(bytes) == .parsed(header, length: 2191))
  }

  @Test("changed headers never trap")
  func damaged() {
    for whole in [withCertificate, full.encoded(), header(family: 0x31, [UInt8](repeating: 0, count: 216))] {
      for index in whole.indices {
        for value: UInt8 in [0, 1, 0x20, 0x7F, 0xFF] {
          var bytes = whole
          bytes[index] = value
          if case .parsed(_, let length) = WireBytes.proxy(bytes) { #expect(length <= bytes.count) }
        }
      }
    }
  }
}
