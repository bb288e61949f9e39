import Foundation
import PKITestKit
import Testing

@Suite("scanners find nothing wrong with a listener")
struct ScannerTests {
  let workspace: Workspace
  let router: RunningRouter
  private let backends: [Peer]

  /// `in` is as an operator's first one. The others offer TLS 1.2 too, and `anybody` asks for no certificate: what comes
  /// behind the handshake is seen there by a scanner that can show none.
  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    let echo = try Peer.backend("echo", in: workspace)
    let web = try Peer.backend("web", in: workspace)
    backends = [echo, web]
    let identity = "identity: {cert: pki/localhost.crt, key: pki/localhost.key}"
    let clients = "clients: {trust: pki/ca.crt, allow: [{any: true}]}"
    router = try RunningRouter(
      """
      listeners:
        - {name: in, listen: 127.0.0.1:0, \(identity), \(clients), to: echo}
        - {name: web, listen: 127.0.0.1:0, protocol: http, \(identity), \(clients), tls: {min: "1.2"}, to: web}
        - name: anybody
          listen: 127.0.0.1:0
          protocol: http
          \(identity)
          insecureAnyClient: true
          tls: {min: "1.2"}
          to: web
      clusters:
        - {name: echo, endpoints: ["127.0.0.1:\(echo.port)"]}
        - {name: web, endpoints: ["127.0.0.1:\(web.port)"]}

      """, in: workspace)
  }

  // MARK: sslyze

  /// A line for each of its checks, with what it found.
  private static let checks = #"""
    .server_scan_results[0].scan_result | to_entries[]
    | select(.key != "certificate_info" and .value.status != "NOT_SCHEDULED")
    | "\(.key): " + (
        if .key | endswith("cipher_suites")
        then [.value.result.accepted_cipher_suites[].cipher_suite.name] | sort | join(" ")
        elif .key == "elliptic_curves" then [.value.result.supported_curves[].name] | sort | join(" ")
        else .value.result | [to_entries[] | "\(.key) \(.value)"] | join(", ") end)
    """#

  /// - Parameter ciphers: of TLS 1.2.
  private static func expected(ciphers: String) -> [String] {
    [
      "elliptic_curves: X25519 secp256r1 secp384r1",
      "heartbleed: is_vulnerable_to_heartbleed false",
      "openssl_ccs_injection: is_vulnerable_to_ccs_injection false",
      "robot: robot_result NOT_VULNERABLE_RSA_NOT_SUPPORTED",
      "session_renegotiation: supports_secure_renegotiation true, is_vulnerable_to_client_renegotiation_dos false, "
        + "client_renegotiations_success_count 0",
      "ssl_2_0_cipher_suites: ",
      "ssl_3_0_cipher_suites: ",
      "tls_1_0_cipher_suites: ",
      "tls_1_1_cipher_suites: ",
      "tls_1_2_cipher_suites: \(ciphers)",
      "tls_1_3_cipher_suites: TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256",
      "tls_1_3_early_data: supports_early_data false",
      "tls_compression: supports_compression false",
      "tls_extended_master_secret: supports_ems_extension true",
      "tls_fallback_scsv: supports_fallback_scsv true",
    ]
  }

  private static let ciphers = [
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  ].joined(separator: " ")

  @Test(
    "sslyze, with a client's certificate where one is asked for, and Mozilla's profile",
    arguments: ["in", "web", "anybody"])
  func sslyze(listener: String) throws {
    var words = ["sslyze", "--quiet", "--json_out", "sslyze.json", "--certinfo_ca_file", "pki/ca.crt", "--early_data"]
    words += ["--mozilla_config", listener == "in" ? "modern" : "intermediate"]
    if listener != "anybody" { words += ["--cert", "pki/robot-1.crt", "--key", "pki/robot-1.key"] }
    words.append("localhost:\(router.port(of: listener)){127.0.0.1}")
    let output = try Tool.run("env", workspace.environment + words, in: workspace.directory.url)
    #expect(output.status == 0 && output.text.contains("OK - Compliant"), "\(output.text)\(output.errors)")
    let found = try Tool.require("jq", ["-r", Self.checks, "sslyze.json"], in: workspace.directory.url)
    let lines = found.text.split(separator: "\n").map(String.init).sorted()
    #expect(lines == Self.expected(ciphers: listener == "in" ? "" : Self.ciphers))
    if listener == "in" {
      // That it was let in makes what it says of established connections true.
      try router.waitForAccess { $0.outcome == "finished" && $0.subject == "CN=robot-1" }
    }
    try expectService()
  }

  // MARK: testssl

  private struct Finding: Decodable {
    var id: String
    var severity: String
    var finding: String
  }

  /// What it has to say of each listener here.
  private static let known = [
    // Certificates of a private authority name no CRL: the peers' own configuration says where it is.
    "cert_revocation HIGH",
    // Of the machine's OpenSSL, not of the listener: it has no GOST.
    "engine_problem WARN",
  ]

  /// And where a certificate is demanded: its OpenSSL has none to show, and may hear of that before it has ended. Nothing
  /// else that is asserted here needs a connection that was let in.
  private static let refused = ["optimal_proto WARN", "sessionresumption_ticket WARN", "sessionresumption_ID WARN"]

  private static let vulnerabilities = [
    "heartbleed", "CCS", "ROBOT", "secure_renego", "secure_client_renego", "CRIME_TLS", "POODLE_SSL", "fallback_SCSV",
    "FREAK", "DROWN", "LOGJAM", "BEAST", "LUCKY13", "RC4",
  ]

  @Test("testssl, which has no certificate", arguments: ["in", "anybody"])
  func testssl(listener: String) throws {
    // Its exit status counts warnings too: what it found is in the file.
    let words = [
      "testssl", "--quiet", "--color", "0", "--warnings", "off", "--ip", "127.0.0.1", "--nodns", "none", "--add-ca",
      "pki/ca.crt", "--jsonfile", "testssl.json", "--protocols", "--standard", "--pfs", "--server-defaults",
      "--vulnerable", "https://localhost:\(router.port(of: listener))",
    ]
    let output = try Tool.run("env", workspace.environment + words, in: workspace.directory.url)
    let file = workspace.file("testssl.json")
    try #require(FileManager.default.fileExists(atPath: file), "\(output.text)\(output.errors)")
    let findings = try JSONDecoder().decode([Finding].self, from: Data(contentsOf: URL(fileURLWithPath: file)))
    let known = Self.known + (listener == "in" ? Self.refused : [])
    let bad = findings.filter {
      !["OK", "INFO", "DEBUG"].contains($0.severity) && !known.contains("\($0.id) \($0.severity)")
    }
    #expect(bad.isEmpty, "\(bad)\n\(output.text)")

    func says(_ id: String) -> String? { findings.first { $0.id == id }?.finding }
    #expect(says("TLS1_3") == "offered with final")
    #expect(says("TLS1_2") == (listener == "in" ? "not offered" : "offered"))
    for old in ["SSLv2", "SSLv3", "TLS1", "TLS1_1"] { #expect(says(old) == "not offered", "\(old)") }
    for weak in ["NULL", "aNULL", "EXPORT", "LOW", "3DES_IDEA", "AVERAGE"] {
      #expect(says("cipherlist_\(weak)") == "not offered", "\(weak)")
    }
    #expect(says("cipherlist_STRONG") == "offered")
    #expect(says("PFS") == "offered")
    #expect(says("cert_chain_of_trust")?.hasPrefix("passed") == true)
    // It looks for SWEET32 where there is more than TLS 1.3, and for the others where it gets an answer by HTTP.
    let more = listener == "in" ? [] : ["SWEET32", "BREACH", "ticketbleed"]
    for vulnerability in Self.vulnerabilities + more {
      #expect(findings.contains { $0.id == vulnerability && $0.severity == "OK" }, "\(vulnerability)")
    }
    #expect(says("scanTime").flatMap { Int($0) } != nil, "it didn't come to its end:\n\(output.text)")
    if listener == "in" { #expect(router.accessLog.allSatisfy { $0.cluster == nil }, "\(router.accessLog)") }
    try expectService()
  }

  private func expectService() throws {
    #expect(try router.exchange(as: "robot-1").outcome == "answered")
    #expect(router.process.isRunning)
  }
}
