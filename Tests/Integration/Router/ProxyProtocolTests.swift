import Foundation
import PKITestKit
import Testing

@Suite("the PROXY protocol")
struct ProxyProtocolTests {
  let workspace: Workspace
  /// Reads a header, tells it, and echoes.
  let backend: Peer
  let plain: Peer

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("proxied", in: workspace)
    plain = try .backend("echo", in: workspace)
  }

  private func router(accept: String? = nil, to backend: Peer, sends: Bool) throws -> RunningRouter {
    let configuration = OneListener(to: backend.port).with {
      if let accept { $0.more = "proxyProtocol: {accept: \(accept), from: [127.0.0.1]}" }
      if sends { $0.cluster = "proxyProtocol: v2" }
    }
    return try RunningRouter(configuration.yaml, in: workspace)
  }

  @Test("a load balancer's header is demanded; without it, or with one that makes no sense, nobody comes in")
  func demanded() throws {
    let router = try router(accept: "any", to: plain, sends: false)
    for version in ["v1", "v2", "local"] {
      #expect(try router.exchange(as: "robot-1", "--proxy", version).outcome == "answered", "\(version)")
    }
    #expect(try router.exchange(as: "robot-1").wasCut)
    #expect(try router.exchange(as: "robot-1", "--proxy", "garbage").wasCut)
    let refused = try router.waitForAccess(count: 2) { $0.outcome == "malformed" }
    #expect(refused.allSatisfy { $0.reason?.contains("PROXY") == true && $0.cluster == nil }, "\(refused)")
  }

  @Test("version 1 is refused where only version 2 is expected")
  func version() throws {
    let router = try router(accept: "v2", to: plain, sends: false)
    #expect(try router.exchange(as: "robot-1", "--proxy", "v1").wasCut)
    #expect(try router.exchange(as: "robot-1", "--proxy", "v2").outcome == "answered")
  }

  @Test("whoever isn't listed can't say who its client is, nor come without saying")
  func unlisted() throws {
    let router = try router(accept: "any", to: plain, sends: false)
    for flags in [["--proxy", "v2"], ["--proxy", "v1"], []] {
      let told = try router.exchanges(1, as: "robot-1", flags + ["--source", "127.0.0.2"])[0]
      #expect(told.wasCut, "\(flags): \(told)")
    }
    let refused = try router.waitForAccess(count: 3) { $0.outcome == "malformed" }
    #expect(refused.allSatisfy { $0.client.hasPrefix("127.0.0.2:") && $0.cluster == nil }, "\(refused)")
    #expect(try router.exchange(as: "robot-1", "--proxy", "v2").outcome == "answered")
  }

  @Test("where none is expected, a header is no TLS")
  func unexpected() throws {
    let router = try router(to: plain, sends: false)
    for version in ["v1", "v2"] {
      #expect(try router.exchange(as: "robot-1", "--proxy", version).outcome != "answered", "\(version)")
    }
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
  }

  @Test("a backend learns the client's address, and of its TLS what the router has verified")
  func sent() throws {
    let router = try router(to: backend, sends: true)
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    let header = try backend.wait(for: "header")[0]
    let line = try router.waitForAccess { $0.outcome == "finished" }[0]
    #expect(header.header == "proxy" && line.client == "\(header.source ?? ""):\(header.sourcePort ?? 0)")
    // PP2_CLIENT_SSL, PP2_CLIENT_CERT_CONN and PP2_CLIENT_CERT_SESS.
    #expect(header.cn == "robot-1" && header.verified == true && header.flags == 7)
    #expect(header.version == "TLSv1.3" && header.cipher?.hasPrefix("TLS_") == true && header.authority == "localhost")
  }

  @Test("the client's address is handed on, and what the header claimed of a certificate is not")
  func handedOn() throws {
    let router = try router(accept: "v2", to: backend, sends: true)
    let told = try router.exchange(
      as: "robot-1", "--proxy", "v2", "--claim", "203.0.113.9", "--claim-name", "administrator")
    #expect(told.outcome == "answered")
    let header = try backend.wait(for: "header")[0]
    #expect(header.source == "203.0.113.9" && header.sourcePort == 4711)
    #expect(header.cn == "robot-1")
  }

  @Test("a resumed session is told as one, with the name that its certificate had")
  func resumed() throws {
    let router = try router(to: backend, sends: true)
    #expect(try router.session(as: "robot-1").outcome == "answered")
    #expect(try router.session().resumed == true)
    let header = try backend.wait(for: "header", count: 2)[1]
    // Without PP2_CLIENT_CERT_CONN: on this connection none was presented.
    #expect(header.cn == "robot-1" && header.flags == 5 && header.verified == true)
  }

  @Test("a client that isn't asked for a certificate is told to be nobody")
  func nobody() throws {
    let yaml = OneListener(to: backend.port).with { $0.cluster = "proxyProtocol: v2" }.yaml
      .replacing("clients: {trust: pki/ca.crt, allow: [{any: true}]}", with: "insecureAnyClient: true")
    let router = try RunningRouter(yaml, in: workspace)
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    let header = try backend.wait(for: "header")[0]
    #expect(header.cn == nil && header.flags == 1 && header.verified == false)
  }
}
