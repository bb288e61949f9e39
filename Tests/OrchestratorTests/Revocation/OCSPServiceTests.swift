import Foundation
import Ledger
import LedgerSQLite
import NIOCore
import PKITestKit
import Testing
import X509

@testable import Credentials
@testable import Orchestrator

@Suite("OCSP service")
struct OCSPServiceTests {
  /// What `openssl ocsp` says of a certificate; only the root is trusted.
  private func ask(_ fixture: RevocationFixture, _ port: Int, _ name: String, _ more: String...) async throws
    -> Tool.Output
  {
    try await fixture.run(
      "openssl",
      [
        "ocsp", "-url", "http://127.0.0.1:\(port)/ocsp", "-CAfile", "root.pem", "-verify_other", "issuer.pem",
        "-issuer",
        "issuer.pem",
      ] + more + ["-cert", "\(name).pem"])
  }

  @Test("openssl ocsp verifies the answers: good, revoked, unknown; with and without nonce; by each hash")
  func openssl() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try await fixture.issue("good")
      try await fixture.revoke(fixture.issue("revoked"), .superseded)
      for more in [[], ["-no_nonce"], ["-sha256"], ["-sha256", "-no_nonce"], ["-sha384"], ["-no_nonce"]] {
        for (name, word) in [("good", "good"), ("revoked", "revoked")] {
          let output = try await fixture.run(
            "openssl",
            [
              "ocsp", "-url", "http://127.0.0.1:\(port)/ocsp", "-CAfile", "root.pem", "-verify_other", "issuer.pem",
              "-issuer", "issuer.pem",
            ] + more + ["-cert", "\(name).pem"])
          #expect(
            output.errors.contains("Response verify OK") && !output.errors.contains("WARNING"), "\(output.errors)")
          #expect(output.text.contains("\(name).pem: \(word)"), "\(more)")
        }
      }
      #expect(try await ask(fixture, port, "revoked").text.contains("Reason: superseded"))
      let unknown = try await fixture.run(
        "openssl",
        [
          "ocsp", "-url", "http://127.0.0.1:\(port)/ocsp", "-CAfile", "root.pem", "-verify_other", "issuer.pem",
          "-issuer", "issuer.pem", "-serial", "0x7777",
        ])
      #expect(unknown.text.contains("0x7777: unknown"))
    }
  }

  @Test("openssl ocsp finds the address in the certificate, and several certificates are answered at once")
  func severalAtOnce() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try await fixture.issue("one")
      try await fixture.revoke(fixture.issue("two"))
      let address = try await fixture.run("openssl", ["x509", "-in", "one.pem", "-noout", "-ocsp_uri"]).text
      #expect(address == "http://127.0.0.1:\(port)/ocsp\n")
      let output = try await ask(fixture, port, "two", "-cert", "one.pem")
      #expect(output.errors.contains("Response verify OK"))
      #expect(output.text.contains("one.pem: good") && output.text.contains("two.pem: revoked"))
    }
  }

  @Test("GnuTLS's ocsptool asks and verifies")
  func ocsptool() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try await fixture.issue("good")
      try await fixture.revoke(fixture.issue("revoked"))
      for (name, word) in [("good", "good"), ("revoked", "revoked")] {
        let output = try await fixture.run(
          "ocsptool",
          [
            "--ask=http://127.0.0.1:\(port)/ocsp", "--load-issuer=issuer.pem", "--load-cert=\(name).pem",
            "--load-trust=bundle.pem", "--nonce",
          ])
        #expect(output.text.contains("Certificate Status: \(word)"), "\(output.text)")
        #expect(output.text.contains("Verifying OCSP Response: Success"), "\(output.text) \(output.errors)")
      }
    }
  }

  @Test("curl gets answers by GET, however the path is encoded, and caches may keep them")
  func get() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try await fixture.issue("node")
      let request = try await fixture.request("node", "-no_nonce")
      let base64 = Data(request).base64EncodedString()
      let encoded = base64.replacingOccurrences(of: "/", with: "%2F").replacingOccurrences(of: "+", with: "%2B")
        .replacingOccurrences(of: "=", with: "%3d")
      var bodies: Set<Data> = []
      for path in [base64, encoded] {
        let output = try await fixture.run(
          "curl", ["-sS", "-D", "headers", "http://127.0.0.1:\(port)/ocsp/\(path)"])
        bodies.insert(output.stdout)
      }
      #expect(bodies.count == 1)
      let headers = try String(contentsOf: fixture.folder.file("headers"), encoding: .utf8).lowercased()
      for part in [
        "http/1.1 200", "content-type: application/ocsp-response", "etag: \"", "last-modified: ", "expires: ",
      ] { #expect(headers.contains(part), "\(part) in \(headers)") }
      let caching = headers.firstMatch(of: /cache-control: public, max-age=([0-9]+),/)
      let age = try #require(caching.flatMap { Int($0.1) }, "\(headers)")
      #expect((1...14_400).contains(age), "no longer than to nextUpdate, four hours on")
      let tag = try #require(headers.split(separator: "\r\n").first { $0.hasPrefix("etag: ") }?.dropFirst(6))
      let again = try await fixture.run(
        "curl",
        ["-sS", "-w", "%{http_code}", "-H", "If-None-Match: \(tag)", "http://127.0.0.1:\(port)/ocsp/\(encoded)"])
      #expect(again.text == "304")
      try bodies.first?.write(to: fixture.folder.file("response"))
      let judged = try await fixture.run(
        "openssl",
        [
          "ocsp", "-respin", "response", "-CAfile", "bundle.pem", "-issuer", "issuer.pem", "-cert", "node.pem",
          "-no_nonce",
        ])
      #expect(judged.errors.contains("Response verify OK") && judged.text.contains("node.pem: good"))
    }
  }

  @Test("an answer to a nonce or of what is unknown is stale at once, and an error is not to be stored")
  func notCached() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      func headers(_ path: String) async throws -> String {
        let output = try await fixture.run(
          "curl", ["-sS", "-D", "-", "-o", "answer", "http://127.0.0.1:\(port)/ocsp/\(path)"])
        return output.text.lowercased()
      }
      func path(_ request: [UInt8]) -> String {
        Data(request).base64EncodedString().replacingOccurrences(of: "/", with: "%2F")
      }
      try await fixture.issue("node")
      try await fixture.run(
        "openssl", ["ocsp", "-issuer", "issuer.pem", "-serial", "0x7777", "-no_nonce", "-reqout", "unknown"])
      let unknown = Array(try Data(contentsOf: fixture.folder.file("unknown")))
      let questions = [
        path(try await fixture.request("node")), path(unknown),
        path(try await fixture.request("node", "-no_nonce", "-cert", "issuer.pem")),
      ]
      for question in questions {
        let said = try await headers(question)
        #expect(said.contains("200 ok"), "\(said)")
        #expect(said.contains("cache-control: max-age=0, no-transform, must-revalidate\r\n"), "\(said)")
        let times = ["last-modified: ", "expires: "].map { (name: String) -> Substring? in
          said.split(separator: "\r\n").first { $0.hasPrefix(name) }?.dropFirst(name.count)
        }
        #expect(times[0] != nil && times[0] == times[1], "\(said)")
        // RFC 5019 §6.2 forbids both in what is signed.
        for word in ["no-store", "no-cache", "etag: "] { #expect(!said.contains(word), "\(said)") }
      }
      for question in ["AAAA", "!!", "MA=="] {
        let said = try await headers(question)
        #expect(said.contains("200 ok") && said.contains("cache-control: no-store"), "\(question) \(said)")
        #expect(!said.contains("etag"))
      }
      #expect(try Data(contentsOf: fixture.folder.file("answer")) == Data([0x30, 3, 0x0a, 1, 1]))
    }
  }

  @Test("another media type, a body that is too large and other methods are refused by HTTP")
  func refusedByHTTP() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try Data(repeating: 0x30, count: OCSPRequest.sizeLimit + 1).write(to: fixture.folder.file("large"))
      func status(_ arguments: String...) async throws -> String {
        try await fixture.run(
          "curl",
          ["-sS", "-o", "/dev/null", "-w", "%{http_code}"] + arguments + ["http://127.0.0.1:\(port)/ocsp"]
        ).text
      }
      #expect(try await status("-d", "x") == "415")
      #expect(try await status("-H", "Content-Type: application/ocsp-request", "--data-binary", "@large") == "413")
      #expect(try await status("-H", "Content-Type: application/ocsp-request", "-d", "x") == "200")
      #expect(try await status("-X", "PUT") == "404")
    }
  }

  // MARK: The MUSTs of RFC 6960, without HTTP

  private func status(_ reply: OCSPResponder.Reply) -> [UInt8] { Array(buffer: reply.document.bytes) }

  @Test("what can't be decoded is malformed, whoever it comes from")
  func malformed() async throws {
    let fixture = try await RevocationFixture()
    await fixture.responder.renewDue()
    for bytes: [UInt8] in [[], [0x30], [0x30, 0], [5, 0], [UInt8](repeating: 0xff, count: 200)] {
      #expect(await status(fixture.responder.reply(to: bytes)) == OCSPFailure.malformedRequest.der)
    }
  }

  @Test("for an issuer that it doesn't speak for, the service is not authorised")
  func otherIssuer() async throws {
    let fixture = try await RevocationFixture()
    await fixture.responder.renewDue()
    let other = try await RevocationFixture()
    try await other.issue("node")
    let request = try await other.request("node")
    #expect(await status(fixture.responder.reply(to: request)) == OCSPFailure.unauthorized.der)
  }

  @Test("beside one that it speaks for, another issuer's certificate is unknown")
  func twoIssuers() async throws {
    let fixture = try await RevocationFixture()
    await fixture.responder.renewDue()
    let other = try await RevocationFixture()
    try await fixture.issue("mine")
    try await other.issue("theirs")
    // openssl takes each certificate with the issuer that stands before it.
    let request = try await fixture.request(
      other.folder.file("theirs").path, "-no_nonce", "-cert", "mine.pem", "-issuer",
      other.folder.file("issuer.pem").path)
    let reply = await fixture.responder.reply(to: request)
    #expect(reply.status == "several" && !reply.isCacheable)
    let answer = Data(status(reply))
    let asked = try OCSPRequest(der: request).certificates
    #expect(asked.count == 2)
    // certStatus follows its CertID: [0] is good, [2] unknown.
    let tags: [UInt8] = [0x80, 0x82]
    for (id, tag) in zip(asked, tags) {
      #expect(answer.range(of: Data(id.encoded + [tag, 0])) != nil)
    }
  }

  @Test("a serial that was reserved and never issued is unknown, and is not kept")
  func reserved() async throws {
    let fixture = try await RevocationFixture()
    await fixture.responder.renewDue()
    let node = try await fixture.issue("node")
    let request = try await fixture.request("node", "-no_nonce")
    #expect(await fixture.responder.reply(to: request).status == "good")
    let record = try await fixture.ledger.record(of: node.certificate.serialNumber)
    var reservation = record.reservation
    reservation.serial = .init(bytes: [0x42, 0x42])
    try await fixture.ledger.reserve(reservation, at: Date())
    try await fixture.run(
      "openssl", ["ocsp", "-issuer", "issuer.pem", "-serial", "0x4242", "-no_nonce", "-reqout", "reserved"])
    let reply = await fixture.responder.reply(to: Array(try Data(contentsOf: fixture.folder.file("reserved"))))
    #expect(reply.status == "unknown" && !reply.isCacheable && !reply.isFromCache)
  }

  @Test("answers come from the cache until a revocation is known, and at once say so then")
  func cache() async throws {
    let fixture = try await RevocationFixture()
    await fixture.responder.renewDue()
    let node = try await fixture.issue("node")
    let request = try await fixture.request("node", "-no_nonce")
    let first = await fixture.responder.reply(to: request)
    #expect(first.status == "good" && !first.isFromCache)
    let second = await fixture.responder.reply(to: request)
    #expect(second.isFromCache && status(second) == status(first))
    // Other bytes for the same certificate: a nonce is signed for itself, another hash is kept beside.
    let fresh = try await fixture.request("node")
    #expect(await !fixture.responder.reply(to: fresh).isFromCache)
    let other = try await fixture.request("node", "-no_nonce", "-sha256")
    #expect(await fixture.responder.reply(to: other).status == "good")
    try await fixture.revoke(node)
    try await fixture.follower.catchUp()
    for request in [request, other, fresh] {
      let reply = await fixture.responder.reply(to: request)
      #expect(reply.status == "revoked" && !reply.isFromCache)
    }
    #expect(await fixture.responder.reply(to: request).isFromCache)
  }

  @Test("a kept answer is signed anew at half of its life, and never outlives its responder's certificate")
  func renewal() async throws {
    let fixture = try await RevocationFixture { $0.revocation.ocspLifetime = .seconds(3600) }
    await fixture.responder.renewDue()
    try await fixture.issue("node")
    let request = try await fixture.request("node", "-no_nonce")
    let first = await fixture.responder.reply(to: request)
    fixture.setClock(ahead: 900)
    #expect(await fixture.responder.reply(to: request).isFromCache)
    fixture.setClock(ahead: 1900)
    let second = await fixture.responder.reply(to: request)
    #expect(!second.isFromCache && second.document.expires > first.document.expires)
    // A clock that was set back makes what is kept an answer of the future.
    fixture.setClock(ahead: -7200)
    #expect(await !fixture.responder.reply(to: request).isFromCache)
    // Seven days less half an hour: the certificate ends before the answer would.
    fixture.setClock(ahead: 7 * 86_400 - 1800)
    let late = await fixture.responder.reply(to: request)
    #expect(late.document.expires.timeIntervalSince(fixture.core.clock()) < 1801)
    // producedAt, thisUpdate and nextUpdate; the times in the responder's certificate have another form.
    let bytes = Data(status(late))
    let made = late.document.lastModified
    for time in [made, made - notBeforeBackdating, late.document.expires] {
      #expect(bytes.range(of: Data(try time.generalizedTime)) != nil, "\(time)")
    }
    // Past its end there is none until the next one is issued, which happens long before in a running service.
    fixture.setClock(ahead: 8 * 86_400)
    #expect(await fixture.responder.reply(to: request).status == "tryLater")
    await fixture.responder.renewDue()
    #expect(await fixture.responder.reply(to: request).status == "good")
  }

  @Test("an answer is back-dated by five minutes, and never to before the revocation that it tells of")
  func notBeforeRevocation() async throws {
    let fixture = try await RevocationFixture { $0.revocation.ocspLifetime = .seconds(600) }
    await fixture.responder.renewDue()
    let node = try await fixture.issue("node")
    let request = try await fixture.request("node", "-no_nonce")
    let id = try #require(try OCSPRequest(der: request).certificates.first)
    func says(_ reply: OCSPResponder.Reply, _ status: OCSPStatus, since thisUpdate: Date) throws -> Bool {
      let answer = OCSPAnswer(id: id, status: status, thisUpdate: thisUpdate, nextUpdate: reply.document.expires)
      return Data(self.status(reply)).range(of: Data(try answer.encoded())) != nil
    }
    let good = await fixture.responder.reply(to: request)
    #expect(try says(good, .good, since: good.document.lastModified - notBeforeBackdating))
    try await fixture.revoke(node)
    try await fixture.follower.catchUp()
    let revocation = try #require(try await fixture.ledger.record(of: node.certificate.serialNumber).revocation)
    let revoked = OCSPStatus.revoked(at: revocation.at, reason: .keyCompromise)
    let first = await fixture.responder.reply(to: request)
    #expect(try says(first, revoked, since: min(revocation.at, first.document.lastModified)))
    fixture.setClock(ahead: 400)
    let later = await fixture.responder.reply(to: request)
    #expect(try !later.isFromCache && says(later, revoked, since: later.document.lastModified - notBeforeBackdating))
    // A clock that was set back finds the revocation in the future.
    fixture.setClock(ahead: -3600)
    let early = await fixture.responder.reply(to: request)
    #expect(try says(early, revoked, since: early.document.lastModified))
  }

  @Test("the responder's certificates are in the ledger, and are renewed by half of their life")
  func responderCertificates() async throws {
    let fixture = try await RevocationFixture()
    func count() async throws -> Int {
      try await fixture.ledger.certificates(.init(limit: 100)).entries.filter { $0.profile == "ocsp" }.count
    }
    await fixture.responder.renewDue()
    await fixture.responder.renewDue()
    #expect(try await count() == 1)
    fixture.setClock(ahead: 4 * 86_400)
    await fixture.responder.renewDue()
    #expect(try await count() == 2)
  }

  @Test("more questions than it can sign at once are told to try later")
  func busy() async throws {
    let fixture = try await RevocationFixture()
    let none = OCSPResponder(core: fixture.core, mostUnderWay: 0)
    await none.renewDue()
    try await fixture.issue("node")
    let request = try await fixture.request("node")
    #expect(await status(none.reply(to: request)) == OCSPFailure.tryLater.der)
  }

  @Test("the cache keeps what is asked for and no more than it may")
  func bounded() async throws {
    let revocations = KnownRevocations()
    let cache = OCSPCache(limit: 10, revocations: revocations)
    let now = Date()
    func entry(_ number: UInt8) -> OCSPCache.Entry {
      .init(
        document: PublishedDocument([number], lastModified: now, expires: now), thisUpdate: now, renewal: now + 60,
        status: "good", certificate: .init(SerialNumber(bytes: [number]), of: [1]))
    }
    for number: UInt8 in 1...200 {
      cache.keep(entry(number), for: [number], isGood: true)
      #expect(cache.entry([1], at: now) != nil)
      #expect(cache.count <= 10)
    }
    revocations.insert(.init(SerialNumber(bytes: [1]), of: [1]))
    #expect(cache.entry([1], at: now) == nil)
    cache.keep(entry(1), for: [1], isGood: true)
    #expect(cache.entry([1], at: now) == nil)
  }

  @Test("pkilint finds nothing in certificates, answers and lists")
  func pkilint() async throws {
    let fixture = try await RevocationFixture()
    try await fixture.serving { port in
      try await fixture.issue("good.example.org")
      try await fixture.revoke(fixture.issue("revoked.example.org"))
      try await fixture.follower.catchUp()
      let folder = fixture.folder
      for name in ["good.example.org", "revoked.example.org"] {
        let request = try await fixture.request(name)
        try Data(Array(buffer: await fixture.responder.reply(to: request).document.bytes)).write(
          to: folder.file("response"))
        try await outsideThePool { try Lint.expectNothing("lint_ocsp_response", ["lint"], folder.file("response")) }
      }
      for path in ["crl", "issuers"] {
        try await fixture.run(
          "curl",
          ["-sSf", "-o", path, "http://127.0.0.1:\(port)/\(path)/\(try fixture.name).\(path == "crl" ? "crl" : "crt")"])
      }
      try await outsideThePool {
        try Lint.expectNothing("lint_crl", ["lint", "-t", "CRL", "-p", "PKIX"], folder.file("crl"))
        try Lint.expectNothing("lint_pkix_cert", ["lint"], folder.file("issuers"))
        try Lint.expectNothing("lint_pkix_cert", ["lint"], folder.file("good.example.org.pem"))
      }
    }
  }
}
