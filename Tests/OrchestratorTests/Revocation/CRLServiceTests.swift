import Crypto
import Foundation
import Ledger
import LedgerSQLite
import NIOCore
import PKITestKit
import Testing
import X509

@testable import Credentials
@testable import Orchestrator

@Suite("Revocation lists as a service")
struct CRLServiceTests {
  /// The list of the issuer as it is served, then the root's, which comes from the desk; PEM.
  private func saveLists(_ fixture: RevocationFixture, _ port: Int) async throws {
    try await fixture.run(
      "bash",
      [
        "-c",
        "curl -sSf http://127.0.0.1:\(port)/crl/\(try fixture.name).crl | openssl crl -inform DER -out issuer.crl",
      ])
    let now = Date()
    let root = try fixture.root.revocationList([], number: 1, thisUpdate: now - 60, nextUpdate: now + 86_400)
    try await fixture.run("openssl", ["crl", "-inform", "DER", "-out", "root.crl"], input: Data(root))
    try await fixture.run("bash", ["-c", "cat issuer.crl root.crl > lists.pem"])
  }

  @Test("openssl verify refuses who was revoked and takes the others, by the list at the certificate's own address")
  func opensslVerify() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try await fixture.issue("good")
      try await fixture.revoke(fixture.issue("revoked"))
      try await fixture.follower.catchUp()
      await fixture.publisher.publishDue()
      fixture.setClock(ahead: 3)
      await fixture.publisher.publishDue()
      let text = try await fixture.run("openssl", ["x509", "-in", "good.pem", "-noout", "-text"]).text
      #expect(text.contains("URI:http://127.0.0.1:\(port)/crl/\(try fixture.name).crl"))
      try await saveLists(fixture, port)
      let command = ["verify", "-crl_check", "-CAfile", "bundle.pem", "-CRLfile", "issuer.crl"]
      #expect(try await fixture.run("openssl", command + ["good.pem"]).text.contains("good.pem: OK"))
      let url = fixture.folder.url
      let refused = try await outsideThePool { try Tool.run("openssl", command + ["revoked.pem"], in: url) }
      #expect(refused.status != 0 && refused.errors.contains("certificate revoked"))
    }
  }

  @Test("nginx and HAProxy let in who is good, and not who was revoked")
  func servers() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      for name in ["server", "good"] { try await fixture.issue(name) }
      try await fixture.revoke(fixture.issue("revoked"))
      try await fixture.follower.catchUp()
      fixture.setClock(ahead: 3)
      await fixture.publisher.publishDue()
      try await saveLists(fixture, port)
      try await fixture.run("bash", ["-c", "cat server.chain.pem server.key > server.both.pem"])
      let path = { fixture.folder.file($0).path }
      let trust = path("bundle.pem")
      let lists = path("lists.pem")
      let (chain, key, both) = (path("server.chain.pem"), path("server.key"), path("server.both.pem"))
      let nginx = try await outsideThePool {
        try ServerProcess.nginx(
          .init(certificate: chain, key: key, clientAuthorities: trust),
          "ssl_verify_client on; ssl_verify_depth 3; ssl_client_certificate \(trust); ssl_crl \(lists);")
      }
      let haproxy = try await outsideThePool {
        try ServerProcess.haproxy(
          .init(certificate: both, key: key, clientAuthorities: trust), revocationLists: lists)
      }
      for server in [nginx, haproxy] {
        #expect(try await answer(fixture, "good", server) == "200")
        #expect(try await answer(fixture, "revoked", server) != "200")
      }
    }
  }

  @Test("nginx asks the service about its clients, and staples the answer about itself")
  func nginxOCSP() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { _ in
      for name in ["server", "good"] { try await fixture.issue(name) }
      try await fixture.revoke(fixture.issue("revoked"))
      try await fixture.follower.catchUp()
      let path = { fixture.folder.file($0).path }
      let trust = path("bundle.pem")
      let (chain, key) = (path("server.chain.pem"), path("server.key"))
      let nginx = try await outsideThePool {
        try ServerProcess.nginx(
          .init(certificate: chain, key: key, clientAuthorities: trust),
          """
          ssl_verify_client optional; ssl_verify_depth 3; ssl_client_certificate \(trust); ssl_ocsp leaf;
          ssl_stapling on; ssl_stapling_verify on; ssl_trusted_certificate \(trust);
          if ($ssl_client_verify !~ "SUCCESS|NONE") { return 403; }
          """)
      }
      #expect(try await answer(fixture, "good", nginx) == "200")
      #expect(try await answer(fixture, "revoked", nginx) != "200")
      // The first client makes nginx ask for its own.
      let isStapled = try await eventually {
        let output = try await fixture.run(
          "openssl",
          ["s_client", "-connect", "127.0.0.1:\(nginx.port)", "-CAfile", "root.pem", "-status", "-ign_eof"],
          input: Data("GET / HTTP/1.0\r\n\r\n".utf8))
        return output.text.contains("OCSP Response Status: successful") && output.text.contains("Cert Status: good")
      }
      #expect(isStapled)
    }
  }

  private func answer(_ fixture: RevocationFixture, _ client: String, _ server: ServerProcess) async throws -> String {
    let url = fixture.folder.url
    let arguments = [
      "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "root.pem", "--cert", "\(client).chain.pem", "--key",
      "\(client).key", "--connect-to", "server:443:127.0.0.1:\(server.port)", "https://server/",
    ]
    return try await outsideThePool { try Tool.run("curl", arguments, in: url).text }
  }

  @Test("lists and issuers are served with what caches need: HEAD, validators, and no body where nothing changed")
  func http() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      let name = try fixture.name
      for (path, type) in [
        ("crl/\(name).crl", "application/pkix-crl"), ("issuers/\(name).crt", "application/pkix-cert"),
      ] {
        let url = "http://127.0.0.1:\(port)/\(path)"
        let head = try await fixture.run("curl", ["-sSI", url]).text.lowercased()
        let full = try await fixture.run("curl", ["-sSf", "-D", "headers", url])
        for part in ["200 ok", "content-type: \(type)", "max-age=", "must-revalidate", "expires: ", "last-modified: "] {
          #expect(head.contains(part), "\(part) in \(head)")
        }
        #expect(head.contains("content-length: \(full.stdout.count)"))
        let headers = try String(contentsOf: fixture.folder.file("headers"), encoding: .utf8)
        func value(_ name: String) -> String {
          headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) } ?? ""
        }
        for condition in [
          "If-None-Match: \(value("etag"))", "If-None-Match: \"x\", W/\(value("etag"))", "If-None-Match: *",
          "If-Modified-Since: \(value("last-modified"))",
        ] {
          let output = try await fixture.run("curl", ["-sS", "-w", "%{http_code}", "-H", condition, url])
          #expect(output.text == "304", "\(condition)")
        }
        let other = try await fixture.run(
          "curl", ["-sS", "-o", "body", "-w", "%{http_code}", "-H", "If-None-Match: \"x\"", url])
        #expect(other.text == "200")
      }
      for path in ["crl/none.crl", "crl/\(name)", "crl/..%2f\(name).crl", "issuers/none.crt"] {
        let output = try await fixture.run(
          "curl", ["-sS", "-o", "body", "-w", "%{http_code}", "http://127.0.0.1:\(port)/\(path)"])
        #expect(output.text == "404", "\(path)")
      }
    }
  }

  @Test("the issuer's certificate and its root are found by name")
  func issuers() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      let root = try Distribution.name(of: fixture.root.certificate.publicKey)
      for (name, file) in [(try fixture.name, "issuer.pem"), (root, "root.pem")] {
        let served = try await fixture.run("curl", ["-sSf", "http://127.0.0.1:\(port)/issuers/\(name).crt"]).stdout
        let own = try await fixture.run("openssl", ["x509", "-in", file, "-outform", "DER"]).stdout
        #expect(served == own)
      }
    }
  }

  // MARK: Publishing

  @Test("a running service has a revocation of another process in its list soon, and in the record")
  func published() async throws {
    let fixture = try await RevocationFixture()
    let services = Task {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await fixture.follower.run() }
        group.addTask { try? await fixture.publisher.run() }
      }
    }
    defer { services.cancel() }
    #expect(try await eventually { (try? fixture.revocationList()) != nil })
    #expect(try fixture.revocationList().number == [1])
    let node = try await fixture.issue("node")
    let other = try SQLiteLedger.open(fixture.ledger.path)
    try await other.revoke(
      node.certificate.serialNumber, of: fixture.signing.reference, reason: .superseded, by: "desk", at: Date())
    #expect(
      try await eventually { try fixture.revocationList().entry(for: node.certificate.serialNumber) != nil })
    #expect(try fixture.revocationList().entry(for: node.certificate.serialNumber)?.reason == .superseded)
    #expect(try await fixture.ledger.verify(against: nil).problems.isEmpty)
    #expect(fixture.core.revocations.contains(.init(node.certificate.serialNumber, of: fixture.signing.reference)))
    try other.close()
  }

  @Test("a list is renewed at half of its life, when the clock was set back, and bears a higher number each time")
  func renewal() async throws {
    let fixture = try await RevocationFixture { $0.revocation.crlLifetime = .seconds(86_400) }
    func number() async throws -> [UInt8]? {
      await fixture.publisher.publishDue()
      return try fixture.revocationList().number
    }
    #expect(try await number() == [1])
    #expect(try await number() == [1])
    // Far from the half, 43,200 s: the clock goes on meanwhile.
    fixture.setClock(ahead: 40_000)
    #expect(try await number() == [1])
    fixture.setClock(ahead: 43_300)
    #expect(try await number() == [2])
    let list = try fixture.revocationList()
    #expect(try #require(list.nextUpdate).timeIntervalSince(fixture.core.clock()) > 80_000)
    // OpenSSL takes no list of the future, not even by a second.
    #expect(list.thisUpdate < fixture.core.clock() - 299)
    fixture.setClock(ahead: 0)
    #expect(try await number() == [3])
    #expect(try fixture.revocationList().thisUpdate < Date())
  }

  @Test("where a list can't be made, the last one stays, and the next attempt follows")
  func failure() async throws {
    let fixture = try await RevocationFixture()
    await fixture.publisher.publishDue()
    let node = try await fixture.issue("node")
    try await fixture.revoke(node)
    try await fixture.follower.catchUp()
    fixture.setClock(ahead: 3)
    // A ledger that takes no new number.
    try await fixture.run(
      "sqlite3", ["ledger.db", "CREATE TRIGGER stop BEFORE INSERT ON crls BEGIN SELECT RAISE(ABORT, 'no'); END"])
    await fixture.publisher.publishDue()
    #expect(try fixture.revocationList().number == [1])
    try await fixture.run("sqlite3", ["ledger.db", "DROP TRIGGER stop"])
    fixture.setClock(ahead: 10)
    await fixture.publisher.publishDue()
    #expect(try fixture.revocationList().number == [2])
    #expect(try fixture.revocationList().entry(for: node.certificate.serialNumber) != nil)
  }

  @Test("every issuer that is valid has its list, also those that don't sign any more")
  func olderIssuers() async throws {
    let fixture = try await RevocationFixture()
    var snapshot = fixture.core.current
    let root = LiveAuthority.Issuing(
      issuer: fixture.root, reference: try IssuerReference(publicKey: fixture.root.certificate.publicKey, ordinal: 1))
    snapshot.authority.issuers = [root, snapshot.authority.signing]
    fixture.core.replace(snapshot)
    await fixture.publisher.publishDue()
    await fixture.responder.renewDue()
    #expect(fixture.publisher.lists.map(\.ordinal).sorted() == [1, 2])
    fixture.setClock(ahead: 366 * 86_400)
    let before = fixture.publisher.lists.map(\.number)
    await fixture.publisher.publishDue()
    // The intermediate has expired: only the root's is made anew.
    #expect(before == [1, 1] && fixture.publisher.lists.map(\.number).sorted() == [1, 2])
  }

  @Test("dates are written as HTTP wants them")
  func dates() {
    #expect(httpDate(Date(timeIntervalSince1970: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(httpDate(Date(timeIntervalSince1970: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
    #expect(httpDate(Date(timeIntervalSince1970: -1)) == "Wed, 31 Dec 1969 23:59:59 GMT")
    #expect(httpDate(Date(timeIntervalSince1970: 2_709_215_999)) == "Sun, 07 Nov 2055 15:59:59 GMT")
  }
}
