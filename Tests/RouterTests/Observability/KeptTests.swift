import Foundation
import Testing

@testable import Router

@Suite("what is kept of strangers")
struct KeptTests {
  @Test("a certificate's names up to 32, and how many more there are")
  func names() {
    let few = PeerIdentity(dnsNames: ["a.example"], addresses: ["192.0.2.1"], uris: ["spiffe://a/b"])
    #expect(Kept.names(of: few).kept == ["a.example", "192.0.2.1", "spiffe://a/b"])
    #expect(Kept.names(of: few).leftOut == 0)
    let many = PeerIdentity(dnsNames: (1...33_000).map { "n\($0)" }, uris: ["spiffe://a/b"])
    #expect(Kept.names(of: many).kept == (1...32).map { "n\($0)" })
    #expect(Kept.names(of: many).leftOut == 33_001 - 32)
    let long = PeerIdentity(dnsNames: ["a", String(repeating: "b", count: 9000), "c"])
    #expect(Kept.names(of: long).kept == ["a"] && Kept.names(of: long).leftOut == 2)
  }

  @Test("records say what they left out of names, and nothing where they left out none")
  func presented() {
    let many = HandshakeRecord.Presented(PeerIdentity(dnsNames: (1...40).map { "n\($0)" }))
    #expect(many.names.count == 32 && many.namesLeftOut == 8)
    #expect(HandshakeRecord.Presented(PeerIdentity(dnsNames: ["a"])).namesLeftOut == nil)
  }

  @Test("a chain up to 16 KiB of PEM, whole certificates, the leaf first")
  func chain() {
    func certificate(_ size: Int) -> [UInt8] { [UInt8](repeating: 7, count: size) }
    let ordinary = Kept.chain([certificate(1000), certificate(900), certificate(800)])
    #expect(ordinary.count == 3)
    #expect(ordinary.allSatisfy { $0.hasPrefix("-----BEGIN CERTIFICATE-----\nBwcH") && $0.hasSuffix("-----\n") })
    let large = Kept.chain([certificate(7000), certificate(7000), certificate(100)])
    #expect(large.count == 1 && large[0].utf8.count < 16 << 10)
    #expect(Kept.chain([certificate(100_000), certificate(100)]).isEmpty)
    #expect(Kept.chain([certificate(13_000), certificate(100)]).isEmpty)
    #expect(Kept.chain([]).isEmpty)
  }

  @Test("a KiB of a text")
  func text() {
    #expect(Kept.text("CN=robot-1") == "CN=robot-1")
    let long = Kept.text(String(repeating: "ä", count: 100_000))
    #expect(long.hasPrefix("ää") && long.hasSuffix("…") && long.utf8.count < 1100)
  }
}

@Suite("what is advised against handshakes that fail")
struct HandshakeHintTests {
  private func hint(_ reason: String, alert: UInt8? = nil, _ settings: TLSSettings = TLSSettings()) -> String? {
    ConnectionEnd.client(.tls(TLSFailure(reason: reason, alert: alert))).hint(settings)
  }

  @Test("a version that the listener doesn't take leads to tls.min")
  func version() {
    #expect(hint("unsupported protocol")?.contains("tls: {min: \"1.2\"}") == true)
    let both = hint("unsupported protocol", TLSSettings(min: .tls12, max: .tls13))
    #expect(both == "the listener takes TLS 1.2 to 1.3, by tls.min and tls.max")
  }

  @Test("suites and groups lead to their keys, and an alert to the router's own certificate")
  func others() {
    #expect(hint("no shared cipher")?.contains("tls.ciphers") == true)
    #expect(hint("no shared group")?.contains("tls.groups") == true)
    #expect(hint("http request")?.contains("https://") == true)
    #expect(hint("tlsv1 alert unknown ca", alert: 48)?.contains("countersign check") == true)
    #expect(hint("decode error") == nil && hint("sslv3 alert handshake failure", alert: 40) == nil)
    #expect(ConnectionEnd.idle.hint(TLSSettings()) == nil)
    #expect(ConnectionEnd.refused(PeerRefusal(.unmatched)).hint(TLSSettings()) != nil)
  }
}
