import Credentials
import Formats
import Foundation
import PKITestKit
import Systems
import Testing
import X509

@Suite("a custom authority in Connectware")
struct ConnectwareTrustTests {
  /// Connectware's own authority, and the company's.
  private let own: Workbench
  private let company: Workbench
  private let server: NodeCredential

  init() throws {
    own = try Workbench(name: "Cybus CA")
    company = try Workbench(name: "Company CA")
    server = try company.credential(named: "connectware", hosts: ["connectware.cybus"], profile: .server)
  }

  private func files() throws -> [String: String] {
    [
      "cybus_ca.crt": try own.issuer.certificate.pem, "ca-chain.pem": try company.issuer.certificate.pem,
      "server.crt": try server.chainPEM(), "server.key": try #require(try server.keyPEM()),
    ]
  }

  private func system(_ custom: String = "chain: ca-chain.pem, serverCert: server.crt, serverKey: server.key") throws
    -> Connectware
  {
    try company.connectware("names: [a, b]", installation: "customCA: {bundle: cybus_ca.crt, \(custom)}")
  }

  private func refusal(_ changes: [String: String?]) throws -> FleetError? {
    var files = try files()
    for (name, text) in changes { files[name] = text }
    let system = try system()
    do throws(FleetError) {
      _ = try system.nodes(InputFiles(files.mapValues { Array($0.utf8) }))
      return nil
    } catch {
      return error
    }
  }

  @Test("the chain is appended to what Connectware trusts, once, and never fused with it")
  func bundle() throws {
    var files = try files()
    // Without a final line break, and with the chain in it from an earlier run.
    files["cybus_ca.crt"] = try own.issuer.certificate.pem + company.issuer.certificate.pem.dropLast()
    let delivery = try company.deliver(try system(), files: files)
    let expected = try own.issuer.certificate.pem + company.issuer.certificate.pem
    #expect(delivery["connectware", "cybus_ca.crt"]?.text == expected)
    #expect(delivery["a", "ca-chain.pem"]?.text == expected)
    #expect(delivery["connectware", "cybus_server.crt"]?.text == files["server.crt"])
    #expect(delivery["connectware", "cybus_server.key"]?.isSecret == true)
    #expect(
      delivery.restarts.first
        == Restart(
          .deployment(name: "connectware", namespace: "cybus"),
          command: "kubectl -n cybus rollout restart deployment connectware",
          because: ["connectware/cybus_server.crt"]))
  }

  @Test("without a chain, the authority that signs the agents is appended")
  func signing() throws {
    let delivery = try company.deliver(try system("serverCert: server.crt, serverKey: server.key"), files: files())
    let expected = try own.issuer.certificate.pem + company.issuer.certificate.pem
    #expect(delivery["connectware", "cybus_ca.crt"]?.text == expected)
  }

  @Test("files that fit are accepted")
  func good() throws { #expect(try refusal([:]) == nil) }

  @Test("a server key that is another's is refused")
  func otherKey() throws {
    let other = try #require(try company.credential(named: "x").keyPEM())
    let error = try refusal(["server.key": other])
    #expect(error?.message == "server.key is not the key of server.crt")
    #expect(error?.kind == .refused)
  }

  @Test("an encrypted server key is refused, for Connectware can't decrypt it")
  func encryptedKey() throws {
    let pem = try Tool.openssl(
      "pkcs8", "-topk8", "-passout", "pass:secret", input: Data(try #require(try server.keyPEM()).utf8)
    ).text
    #expect(try refusal(["server.key": pem])?.message.contains("is encrypted") == true)
    #expect(try refusal(["server.key": "nothing"])?.message == "server.key is no private key")
  }

  @Test("a server certificate for another purpose, host or authority is refused")
  func otherServer() throws {
    func message(_ credential: NodeCredential) throws -> String {
      try refusal(["server.crt": try credential.chainPEM(), "server.key": try credential.keyPEM()])?.message ?? ""
    }
    #expect(
      try message(company.credential(named: "x", hosts: ["connectware.cybus"], profile: .client))
        .contains("lacks serverAuth"))
    #expect(
      try message(company.credential(named: "x", hosts: ["other.cybus"], profile: .server))
        .contains("doesn't name the host that agents dial"))
    #expect(
      try message(Workbench().credential(named: "x", hosts: ["connectware.cybus"], profile: .server))
        .contains("doesn't lead to an authority that agents will trust"))
  }

  @Test("a chain that is out of order, no authority's, or a partner's is refused")
  func otherChain() throws {
    let partner = try company.partner().certificate
    let root = company.issuer.certificate
    #expect(
      try refusal(["ca-chain.pem": try root.pem + server.chainPEM()])?.message.contains("is no certificate authority")
        == true)
    let limited = try refusal(["ca-chain.pem": try partner.pem + root.pem])
    #expect(limited?.message.hasPrefix("\"Partner CA\" is a partner's intermediate") == true)
    #expect(limited?.kind == .refused)
    var random = SystemRandomNumberGenerator()
    let middle = try company.issuer.issueIntermediate(
      AuthorityPlan(name: "Middle CA", lifetime: .seconds(3600)), key: KeyKind.p256.generate().publicKey,
      serial: .random(using: &random), at: company.now
    ).certificate
    #expect(try refusal(["ca-chain.pem": try middle.pem + root.pem]) == nil)
    #expect(
      try refusal(["ca-chain.pem": try middle.pem + own.issuer.certificate.pem + root.pem])?.message
        == "ca-chain.pem is out of order: \"Middle CA\" is not signed by what follows it, \"Cybus CA\"")
  }

  @Test("files that are missing or hold no certificate are named")
  func unusable() throws {
    #expect(try refusal(["ca-chain.pem": nil])?.message == "there is no file ca-chain.pem")
    #expect(try refusal(["ca-chain.pem": "text"])?.message.hasPrefix("ca-chain.pem: no PEM block") == true)
    #expect(try refusal(["server.key": nil])?.message == "there is no file server.key")
  }

  @Test("the upload script copies each file and makes keys readable for their owner only")
  func upload() throws {
    let directory = try TemporaryDirectory()
    try company.deliver(try system(), files: files()).write(to: directory.url)
    try Data(
      """
      #!/bin/sh
      case "$*" in *"get pod"*) echo pod-1; exit;; esac
      printf '%s\n' "$*" >>"\(directory.path)/calls"
      """.utf8
    ).write(to: directory.file("kubectl"))
    try Tool.require("chmod", ["755", directory.file("kubectl").path])
    try Tool.require(
      "sh", ["connectware/upload-certificates.sh"], in: directory.url,
      environment: ["PATH": "\(directory.path):/usr/bin:/bin"])
    let calls = try String(contentsOf: directory.file("calls"), encoding: .utf8)
    let exec = "-n cybus exec pod-1 -c auth-server --"
    #expect(
      calls
        == ["cybus_ca.crt 0644", "cybus_server.crt 0644", "cybus_server.key 0600"].map { entry in
          let parts = entry.split(separator: " ")
          return """
            -n cybus cp -c auth-server connectware/\(parts[0]) pod-1:/connectware_certs/\(parts[0])
            \(exec) chown root:root /connectware_certs/\(parts[0])
            \(exec) chmod \(parts[1]) /connectware_certs/\(parts[0])

            """
        }.joined())
  }

  @Test("the script of users sends each user, and the token in no argument")
  func users() throws {
    let directory = try TemporaryDirectory()
    let system = try own.connectware("names: [a.b, {name: c, roles: [writer]}]", "roles: [agent]")
    try own.deliver(system).write(to: directory.url)
    try Data(
      """
      #!/bin/sh
      echo "$@" >>"\(directory.path)/calls"
      cat >>"\(directory.path)/calls"
      case "$*" in *a.b*) printf 201;; *) printf 409;; esac
      """.utf8
    ).write(to: directory.file("curl"))
    try Data("s3cret".utf8).write(to: directory.file("token"))
    try Tool.require("chmod", ["755", directory.file("curl").path])
    let output = try Tool.require(
      "sh", ["connectware/create-users.sh", "https://connectware.cybus/", "token"], in: directory.url,
      environment: ["PATH": "\(directory.path):/usr/bin:/bin"])
    let user =
      #"{"grantTypes":[{"isRequired":false,"method":"certificate"}],"identityProvider":"local","roles":["agent"],"#
      + #""username":"a.b"}"#
    #expect(output.text.hasPrefix("created \(user)\nexists already: "))
    let calls = try String(contentsOf: directory.file("calls"), encoding: .utf8).split(separator: "\n")
    #expect(calls.count == 4)
    #expect(calls[0].hasSuffix("--data \(user) https://connectware.cybus/api/users"))
    #expect(calls[1] == #"header = "Authorization: Bearer s3cret""#)
    #expect(calls[2].contains(#""roles":["writer"]"#) && !calls[2].contains("s3cret"))
  }
}
