import Diagnosis
import Foundation
import Testing

@Suite("reading a server's side of a handshake")
struct HandshakeWireTests {
  /// A record of TLS 1.2.
  private func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
    [type, 3, 3, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
  }

  private func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [type, 0, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
  }

  private func serverHello(suite: [UInt8], extensions: [UInt8], random: [UInt8] = .init(repeating: 7, count: 32))
    -> [UInt8]
  {
    let list = [UInt8(extensions.count >> 8), UInt8(extensions.count & 0xFF)] + extensions
    return message(2, [3, 3] + random + [0] + suite + [0] + list)
  }

  /// RDNSequence of CN=A.
  private let name: [UInt8] = [0x30, 0x0C, 0x31, 0x0A, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0C, 0x01, 0x41]

  private var certificateRequest: [UInt8] {
    let names: [UInt8] = [0, UInt8(name.count)] + name
    return message(13, [1, 64, 0, 4, 4, 3, 8, 7, 0, UInt8(names.count)] + names)
  }

  private var tls12: [UInt8] {
    record(22, serverHello(suite: [0xC0, 0x2B], extensions: []))
      + record(22, message(12, [3, 0, 0x18, 1, 4]) + certificateRequest + message(14, []))
  }

  @Test("TLS 1.2 in the clear shows group, CA names and signature algorithms")
  func clear() {
    let flight = ServerFlight.decode(tls12)
    #expect(flight.version == .tls12)
    #expect(flight.cipherSuite?.description == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
    #expect(flight.group?.description == "P-384")
    let request = TLSCertificateRequest(
      authorities: ["CN=A"], signatureSchemes: [.init(rawValue: 0x0403), .init(rawValue: 0x0807)])
    #expect(flight.clientCertificate == .requested(request))
  }

  @Test("a flight without a request says so only when it was read to its end")
  func noRequest() {
    let hello = record(22, serverHello(suite: [0xC0, 0x2B], extensions: []))
    #expect(ServerFlight.decode(hello).clientCertificate == .unknown)
    #expect(ServerFlight.decode(hello + record(22, message(14, []))).clientCertificate == .notRequested)
  }

  @Test("messages split over records are put together")
  func split() {
    let whole = serverHello(suite: [0x13, 0x01], extensions: [0, 43, 0, 2, 3, 4, 0, 51, 0, 4, 0x11, 0xEC, 0, 0])
    let pieces = whole.flatMap { record(22, [$0]) }
    let flight = ServerFlight.decode(pieces)
    #expect(flight.version == .tls13)
    #expect(flight.group == .x25519MLKEM768)
    #expect(flight.group?.isPostQuantum == true)
    #expect(flight.clientCertificate == .unknown)
  }

  @Test("an alert and an answer that is no TLS are told apart")
  func endings() {
    #expect(ServerFlight.decode(record(21, [2, 70])).alert == .protocolVersion)
    let http = ServerFlight.decode(Array("HTTP/1.1 400 Bad Request\r\n".utf8))
    #expect(http.plaintext?.starts(with: Array("HTTP/1.1 400".utf8)) == true)
    #expect(ServerFlight.decode(Array("+OK".utf8)).plaintext == Array("+OK".utf8))
    #expect(ServerFlight.decode([]) == ServerFlight())
  }

  @Test("cut and changed flights never trap")
  func damaged() {
    let whole = tls12
    for length in whole.indices { _ = ServerFlight.decode(Array(whole[..<length])) }
    for index in whole.indices {
      for value: UInt8 in [0, 1, 0x7F, 0xFF] {
        var bytes = whole
        bytes[index] = value
        _ = ServerFlight.decode(bytes, handshakeSecret: [UInt8](repeating: 1, count: 32))
      }
    }
    #expect(ServerFlight.decode(Array(whole.dropLast(40))).version == .tls12)
  }

  @Test("records that a wrong secret can't open end the reading")
  func wrongSecret() {
    let hello = serverHello(suite: [0x13, 0x01], extensions: [0, 43, 0, 2, 3, 4])
    let bytes = record(22, hello) + record(23, [UInt8](repeating: 9, count: 64)) + record(22, certificateRequest)
    for length in [0, 16, 32, 48] {
      let flight = ServerFlight.decode(bytes, handshakeSecret: [UInt8](repeating: 1, count: length))
      #expect(flight.version == .tls13)
      if length == 32 { #expect(flight.clientCertificate == .unknown) }
    }
  }

  @Test("BoringSSL's errors are mapped to the alert that the peer sent")
  func alerts() {
    let text = "Error: 268436498 error:10000458:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNRECOGNIZED_NAME at x.cc:1"
    #expect(BoringSSLReason(parsing: text)?.alert == .unrecognizedName)
    let local = "Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:WRONG_VERSION_NUMBER at x.cc:1"
    #expect(BoringSSLReason(parsing: local)?.alert == nil)
    #expect(BoringSSLReason(parsing: local)?.words == "wrong version number")
    for bad in ["", "error", "error:zz", "EOF during handshake", "error:10000458:a:b"] {
      #expect(BoringSSLReason(parsing: bad) == nil, "\(bad)")
    }
    #expect(TLSAlert.certificateRequired.description == "certificate_required (116)")
    #expect(TLSAlert(rawValue: 200).description == "alert (200)")
  }
}
