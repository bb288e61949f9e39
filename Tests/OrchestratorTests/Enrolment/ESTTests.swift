import Credentials
import Formats
import Foundation
import HTTPTypes
import Orchestrator
import PKITestKit
import Testing
import X509

@Suite("EST")
struct ESTTests {
  @Test("cacerts hands out the root and what leads to it, and openssl reads them (RFC 7030 §4.1.3)")
  func cacerts() async throws {
    let bench = try EnrolmentBench()
    for path in ["cacerts", "node/cacerts"] {
      let answer = try await bench.ask(.get, path, type: nil)
      #expect(answer.status == 200)
      #expect(answer.headers[.contentType] == "application/pkcs7-mime")
      let der = try Tool.openssl("base64", "-d", "-A", input: Data(answer.body)).stdout
      let text = try Tool.openssl("pkcs7", "-inform", "DER", "-print_certs", "-noout", input: der).text
      #expect(text.contains("subject=CN = Root"))
      #expect(text.contains("subject=CN = Intermediate"))
    }
  }

  @Test("a client's label chooses the profile, and an unknown one is not found (RFC 7030 §3.2.2)")
  func labels() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite(uses: 3)
    let operations = ["cacerts", "simpleenroll", "simplereenroll", "csrattrs", "fullcmc", "serverkeygen"]
    for profile in Profile.allCases {
      #expect(!operations.contains(profile.rawValue), "a label is no operation")
      let answer = try await bench.ask(
        .post, "\(profile.rawValue)/simpleenroll", body: try bench.request("a.example"), credentials: token)
      let usages = try answer.certificate.extensions.extendedKeyUsage
      #expect(usages.map(Set.init) == Set(profile.extendedKeyUsages))
    }
    #expect(try await bench.ask(.post, "other/simpleenroll", body: try bench.request("a")).status == 404)
  }

  @Test("csrattrs answers 204 where nothing is asked, and names the key that the policy wants (RFC 7030 §4.5.2)")
  func attributes() async throws {
    #expect(try await EnrolmentBench().ask(.get, "csrattrs", type: nil).status == 204)
    let bench = try EnrolmentBench(policy: IssuancePolicy(rules: [PolicyRule(label: "1", keys: [.p384])]))
    let answer = try await bench.ask(.get, "csrattrs", type: nil)
    #expect(answer.status == 200)
    #expect(answer.headers[.contentType] == "application/csrattrs")
    let text = try Tool.openssl("asn1parse", "-inform", "DER", input: Data(Base64.decode(answer.body[...]))).text
    #expect(text.contains("secp384r1"))
  }

  @Test("serverkeygen and full CMC are absent, with the reason")
  func absent() async throws {
    let bench = try EnrolmentBench()
    for path in ["serverkeygen", "fullcmc", "client/serverkeygen"] {
      let answer = try await bench.ask(.post, path, body: try bench.request("a"))
      #expect(answer.status == 404)
      #expect(answer.text.contains("simpleenroll"))
    }
  }

  @Test("another media type, no body, no base64 and too much of it are refused (RFC 7030 §4.2.1, RFC 8951 §3)")
  func bodies() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite()
    let body = try bench.request("node-1")
    for type in ["text/plain", "application/pkcs7-mime", nil] {
      #expect(try await bench.ask(body: body, credentials: token, type: type).status == 415)
    }
    #expect(try await bench.ask(credentials: token).status == 400)
    #expect(try await bench.ask(body: Array("MIIB*".utf8), credentials: token).status == 400)
    #expect(try await bench.ask(body: Array("MIIB".utf8), credentials: token).status == 400)
    #expect(try await bench.ask(body: [UInt8](repeating: 65, count: 40_000), credentials: token).status == 413)
    // The token is still unspent; any Content-Transfer-Encoding is ignored, and parameters of the type as well.
    let odd = try #require(HTTPField.Name("Content-Transfer-Encoding"))
    let answer = try await bench.ask(
      body: body, credentials: token, type: "application/pkcs10; x=y", headers: [odd: "quoted-printable"])
    #expect(answer.status == 200)
  }

  @Test("a request whose signature is broken, or that asks for an authority, is refused (RFC 7030 §3.4)")
  func proofOfPossession() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite()
    var der = try Base64.decode(try bench.request("node-1")[...])
    der[der.count - 5] ^= 1
    #expect(try await bench.ask(body: Base64.encode(der), credentials: token).status == 400)
    let folder = try TemporaryDirectory()
    let request = try Tool.openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
      folder.file("key").path, "-subj", "/CN=ca", "-addext", "basicConstraints=critical,CA:TRUE"
    ).stdout
    #expect(try await bench.ask(body: Array(request), credentials: token).status == 400)
  }

  @Test("a challengePassword is ignored (RFC 7030 §3.5)")
  func challengePassword() async throws {
    let bench = try EnrolmentBench()
    let folder = try TemporaryDirectory()
    let settings = """
      [req]
      prompt = no
      distinguished_name = names
      attributes = attributes
      [names]
      CN = node-1
      [attributes]
      challengePassword = dGxzLXVu

      """
    try Data(settings.utf8).write(to: folder.file("req.cnf"))
    let request = try Tool.openssl(
      "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
      folder.file("key").path, "-config", folder.file("req.cnf").path
    ).stdout
    let shown = try Tool.openssl("req", "-noout", "-text", input: request).text
    #expect(shown.contains("challengePassword"))
    let token = try await bench.invite()
    #expect(try await bench.ask(body: Array(request), credentials: token).status == 200)
  }

  @Test("nothing is issued over a connection without TLS (RFC 7030 §3.3)")
  func plain() async throws {
    let bench = try EnrolmentBench()
    let token = try await bench.invite()
    let answer = try await bench.ask(body: try bench.request("node-1"), credentials: token, isSecure: false)
    #expect(answer.status == 403)
    #expect(try await bench.ask(body: try bench.request("node-1"), credentials: token).status == 200)
  }
}
