import Foundation
import PKITestKit
import Testing

@Suite("handshakes that go wrong end by the right alert, and no backend hears of them")
struct NegativeHandshakeTests {
  let workspace: Workspace
  /// It tells of each connection that it gets, by its PROXY header.
  let backend: Peer
  let router: RunningRouter

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("proxied", in: workspace)
    router = try RunningRouter(
      OneListener(to: backend.port).with {
        // tlslite-ng does all its cryptography in Python, which takes long on a busy machine.
        $0.more = "tls: {min: \"1.2\"}\n    limits: {handshakeTimeout: 5m}"
        $0.cluster = "proxyProtocol: v2"
      }.yaml, in: workspace)
  }

  /// A case of negative.py, and what becomes of it.
  private struct Refusal {
    var name: String
    /// Nil where the connection ends without one.
    var alert: String?
    /// In the access log.
    var reason: String
    var outcome = "tls"
    /// Whether a certificate was read before it went wrong, so that the log names its subject.
    var presented = false

    init(_ name: String, _ alert: String?, _ reason: String, outcome: String = "tls", presented: Bool = false) {
      self.name = name
      self.alert = alert
      self.reason = reason
      self.outcome = outcome
      self.presented = presented
    }
  }

  // MARK: Hellos

  @Test("hellos that have nothing in common with the listener")
  func nothingInCommon() throws {
    try expect([
      .init("ssl 2", "protocol_version", "unsupported protocol"),
      .init("ssl 3", "protocol_version", "unsupported protocol"),
      .init("tls 1.0", "protocol_version", "unsupported protocol"),
      .init("tls 1.1", "protocol_version", "unsupported protocol"),
      .init("old versions listed", "protocol_version", "unsupported protocol"),
      .init("a version to come", "protocol_version", "unsupported protocol"),
      .init("null ciphers", "handshake_failure", "no shared cipher"),
      .init("export ciphers", "handshake_failure", "no shared cipher"),
      .init("rc4", "handshake_failure", "no shared cipher"),
      .init("3des", "handshake_failure", "no shared cipher"),
      .init("cbc", "handshake_failure", "no shared cipher"),
      .init("rsa key exchange", "handshake_failure", "no shared cipher"),
      .init("anonymous", "handshake_failure", "no shared cipher"),
      .init("ccm", "handshake_failure", "no shared cipher"),
      .init("tiny groups", "handshake_failure", "wrong curve"),
      .init("other groups", "handshake_failure", "no shared group"),
      .init("sha-1", "handshake_failure", "no shared cipher"),
      .init("sha-1 in 1.3", "handshake_failure", "no common signature algorithms"),
      .init("rsa alone", "handshake_failure", "no shared cipher"),
      .init("rsa alone in 1.3", "handshake_failure", "no common signature algorithms"),
    ])
  }

  @Test("hellos that contradict themselves")
  func contradictions() throws {
    try expect([
      .init("deflate alone", "illegal_parameter", "invalid compression list"),
      .init("deflate in 1.3", "illegal_parameter", "invalid compression list"),
      .init("no compression method", "decode_error", "clienthello parse failed"),
      // RFC 8446 §9.2 has missing_extension for it; BoringSSL doesn't tell it from a list that has nothing in common.
      .init("no signature algorithms", "handshake_failure", "no common signature algorithms"),
      .init("no key share", "missing_extension", "missing key share"),
      .init("no groups", "missing_extension", "no shared group"),
      .init("an extension twice", "decode_error", "clienthello parse failed"),
      .init("an unknown extension twice", "decode_error", "clienthello parse failed"),
      .init("a share of zeroes", "illegal_parameter", "bad ecpoint"),
      .init("a share beside the curve", "illegal_parameter", "point is not on curve"),
      .init("a share of another length", "illegal_parameter", "bad ecpoint"),
      .init("a ticket before the end", "illegal_parameter", "pre shared key must be last"),
      .init("bytes behind the hello", "decode_error", "clienthello parse failed"),
      .init("a hello cut short", "decode_error", "clienthello parse failed"),
      .init("a length too small", "decode_error", "clienthello parse failed"),
      .init("a long session id", "decode_error", "clienthello parse failed"),
      .init("an odd list of ciphers", "decode_error", "clienthello parse failed"),
    ])
  }

  @Test("what isn't a hello, or isn't all")
  func noHello() throws {
    try expect([
      .init("finished first", "unexpected_message", "unexpected message"),
      .init("data first", "unexpected_message", "unexpected record"),
      .init("change first", "unexpected_message", "unexpected record"),
      .init("heartbeat first", "unexpected_message", "unexpected record"),
      .init("unknown type first", "unexpected_message", "unexpected record"),
      .init("http", nil, "http request"),
      .init("version of a record", "protocol_version", "wrong version number"),
      .init("a record too long", "record_overflow", "data length too long"),
      .init("a message too long", "illegal_parameter", "excessive message size"),
      .init("data within a hello", "unexpected_message", "unexpected record"),
      .init("empty records", "unexpected_message", "too many empty fragments"),
      .init("warnings", "unexpected_message", "too many warning alerts"),
      .init("half an alert", "decode_error", "bad alert"),
      .init("half a hello", nil, "the peer went away", outcome: "abandoned"),
      .init("close_notify", nil, "the peer went away", outcome: "abandoned"),
      .init("close_notify after a hello", nil, "the peer went away", outcome: "abandoned"),
      .init("a fatal alert", nil, "the peer ended TLS with internal_error (80)", outcome: "alert"),
    ])
  }

  // MARK: Behind the hello

  @Test("clients that don't prove that a certificate is theirs")
  func unproven() throws {
    let signature = "CN=robot-1: the signature is not by the key of CN=Example Root CA"
    try expect([
      .init("no certificate", "certificate_required", "the peer has no certificate", outcome: "no-certificate"),
      .init("no certificate in 1.2", "handshake_failure", "the peer has no certificate", outcome: "no-certificate"),
      .init("another's key", "decrypt_error", "bad signature", presented: true),
      .init("another's key in 1.2", "decrypt_error", "bad signature", presented: true),
      .init("no proof", "unexpected_message", "unexpected message", presented: true),
      .init("no proof in 1.2", "unexpected_message", "unexpected record", presented: true),
      .init("finished alone", "unexpected_message", "unexpected message"),
      .init("key exchange alone in 1.2", "unexpected_message", "unexpected message"),
      .init("a forged finished", "decrypt_error", "digest check failed", presented: true),
      .init("a forged finished in 1.2", "decrypt_error", "digest check failed", presented: true),
      .init("a short finished", "decrypt_error", "digest check failed", presented: true),
      .init("a short finished in 1.2", "decrypt_error", "digest check failed", presented: true),
      .init("no finished", "unexpected_message", "unexpected record", presented: true),
      .init("a proof by sha-1", "illegal_parameter", "wrong signature type", presented: true),
      .init("a garbled certificate", "decode_error", "cannot parse leaf cert"),
      .init("a changed certificate", "bad_certificate", signature, outcome: "bad-signature", presented: true),
      .init("a changed certificate in 1.2", "bad_certificate", signature, outcome: "bad-signature", presented: true),
      .init("a huge certificate", "illegal_parameter", "excessive message size"),
    ])
  }

  @Test("messages and records at the wrong place")
  func misplaced() throws {
    try expect([
      .init("data for a certificate", "unexpected_message", "unexpected record"),
      .init("data for a certificate in 1.2", "unexpected_message", "unexpected record"),
      .init("change before the key", "unexpected_message", "unexpected record", presented: true),
      // RFC 8446 §5 has unexpected_message for it; BoringSSL takes it for a record that should have been encrypted.
      .init("change of two", "bad_record_mac", "bad packet length"),
      .init("change of two in 1.2", "illegal_parameter", "bad change cipher spec", presented: true),
      .init("changes", "unexpected_message", "too many empty fragments"),
      .init("no change in 1.2", "unexpected_message", "unexpected record", presented: true),
      .init("a key beside the curve in 1.2", "illegal_parameter", "bad ecpoint", presented: true),
      .init("a forged record", "bad_record_mac", "bad decrypt"),
      .init("a forged record in 1.2", "bad_record_mac", "bad decrypt", presented: true),
      .init("a sealed record too long", "record_overflow", "data length too long"),
      .init("a sealed record far too long", "record_overflow", "encrypted length too long"),
      .init("a sealed record too long in 1.2", "record_overflow", "data length too long", presented: true),
      .init("a sealed record of nothing", "bad_record_mac", "bad packet length"),
      .init("a plain record", "bad_record_mac", "bad packet length"),
      .init("unknown type", "unexpected_message", "unexpected record"),
      .init("too much early data", "unexpected_message", "too much skipped early data"),
    ])
  }

  // MARK: Versions, sessions, and what comes later

  @Test("who is talked down to an older version notices")
  func downgrade() throws {
    try expect([.init("fallback", "inappropriate_fallback", "inappropriate fallback")])
    // The client finds the mark in the server's random (RFC 8446 §4.1.3).
    let stripped = try run(["a hello stripped of versions"])[0]
    #expect(stripped.outcome == "untrusted" && stripped.detail == "illegal_parameter", "\(stripped)")
    let line = try access(of: stripped)
    #expect(line.outcome == "alert" && line.reason?.contains("illegal_parameter (47)") == true, "\(line)")
    #expect(line.cluster == nil)
  }

  @Test("a listener as it is by default takes nothing older than TLS 1.3")
  func oldest() throws {
    let yaml = OneListener(to: backend.port).with { $0.cluster = "proxyProtocol: v2" }.yaml
    #expect(try router.reload(yaml).contains("reloaded"))
    try expect([.init("ordinary in 1.2", "protocol_version", "unsupported protocol")])
  }

  @Test("a session is resumed, and not by somebody who has only its ticket")
  func sessions() throws {
    let resumed = try run(["a session"], silent: false)[0]
    #expect(resumed.outcome == "answered" && resumed.resumed == true, "\(resumed)")
    #expect(try access(of: resumed).resumed == true)
    // Each is preceded by the connection that gets a ticket.
    try expect([.init("a forged binder", "decrypt_error", "digest check failed")], served: 3)
  }

  @Test("clients that are let in may not begin anew")
  func later() throws {
    for (name, alert, reason) in [
      // RFC 5246 §7.2.2 has this as a warning; it ends the connection all the same.
      ("renegotiation", "no_renegotiation", "no renegotiation"),
      ("a second hello", "unexpected_message", "unexpected message"),
      ("updates of keys", "unexpected_message", "too many key updates"),
    ] {
      let told = try run([name])[0]
      #expect(told.isAlert(alert), "\(told)")
      let line = try access(of: told)
      #expect(line.outcome == "tls" && line.reason == reason, "\(line)")
      #expect(line.subject == "CN=robot-1" && line.cluster == "back" && line.received == 5, "\(line)")
    }
    try expectService(after: 3)
  }

  @Test("what only looks odd is taken")
  func odd() throws {
    let names = [
      "ordinary", "ordinary in 1.2", "records of a byte", "records of a byte in 1.2", "grease", "no share yet",
      "an unknown ticket", "an unknown ticket in 1.2", "early data",
    ]
    for told in try run(names, silent: false) {
      #expect(told.outcome == "answered" && told.resumed == false, "\(told)")
      #expect(told.version == (told.event?.hasSuffix("1.2") == true ? "TLS 1.2" : "TLS 1.3"), "\(told)")
      let line = try access(of: told)
      // Of early data nothing came through.
      #expect(line.outcome == "finished" && line.subject == "CN=robot-1" && line.received == 5, "\(line)")
    }
    try expectService(after: names.count)
  }

  // MARK: Parts

  /// - Parameter served: how many connections reached the backend before, or will with these cases.
  private func expect(_ refusals: [Refusal], served: Int = 0) throws {
    for (refusal, told) in zip(refusals, try run(refusals.map(\.name))) {
      if let alert = refusal.alert {
        #expect(told.isAlert(alert), "\(told)")
      } else {
        #expect(told.outcome == "ended", "\(told)")
      }
      let line = try access(of: told)
      #expect(line.outcome == refusal.outcome && line.reason == refusal.reason, "\(refusal.name): \(line)")
      #expect(line.subject == (refusal.presented ? "CN=robot-1" : nil), "\(refusal.name): \(line)")
      #expect(line.cluster == nil && line.received == 0 && line.sent == 0, "\(refusal.name): \(line)")
      // Who only went away wasn't turned away.
      #expect((line.id != nil) == (refusal.outcome != "abandoned"), "\(refusal.name): \(line)")
    }
    try expectService(after: served)
  }

  private func run(_ cases: [String], silent: Bool = true) throws -> [Told] {
    let flags = cases.flatMap { ["--case", $0] } + (silent ? ["--silent"] : [])
    let told = try Peer.run(router.client("negative", as: "robot-1", on: "in", flags), in: workspace)
    try #require(told.compactMap(\.event) == cases)
    return told
  }

  private func access(of told: Told) throws -> RunningRouter.AccessLine {
    let port = try #require(told.port)
    return try router.waitForAccess { $0.client == "127.0.0.1:\(port)" }[0]
  }

  private func expectService(after served: Int) throws {
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    #expect(router.process.isRunning)
    #expect(backend.events("header").count == served + 1, "\(backend.told)")
  }
}
