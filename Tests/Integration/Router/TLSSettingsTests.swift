import Foundation
import PKITestKit
import Testing

@Suite("versions, cipher suites and groups of a listener and of a cluster, by openssl")
struct TLSSettingsTests {
  let workspace: Workspace
  let backend: Peer

  init() throws {
    workspace = try .forRouter(clients: ["robot-1"])
    backend = try .backend("echo", in: workspace)
  }

  /// What `openssl s_client` agreed on, a word each; empty where there was no agreement.
  private func agreed(_ port: Int, _ flags: String) throws -> String {
    try workspace.bash(
      """
      # Where there is no agreement, it fails.
      set +o pipefail
      (sleep 1; echo hello; sleep 1) | timeout 120 openssl s_client -connect 127.0.0.1:\(port) -CAfile pki/ca.crt \
        -cert pki/robot-1.crt -key pki/robot-1.key -brief \(flags) 2>&1 |
        sed -n 's/^Protocol version: //p; s/^Ciphersuite: //p; s/^Server Temp Key: \\([^,]*\\).*/\\1/p' | tr '\\n' ' '
      """
    ).text.trimmingCharacters(in: .whitespaces)
  }

  @Test("a listener agrees on what it is told, and on nothing else")
  func listener() throws {
    let settings =
      "tls: {min: \"1.2\", groups: [P-384], ciphers: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256]}"
    let router = try RunningRouter(OneListener(to: backend.port).with { $0.more = settings }.yaml, in: workspace)
    let port = router.port()
    let new = try agreed(port, "-tls1_3")
    #expect(new.hasPrefix("TLSv1.3 TLS_") && new.contains("ECDH"), "\(new)")
    #expect(try agreed(port, "-tls1_2").hasPrefix("TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305"))
    #expect(try agreed(port, "-tls1_2 -cipher ECDHE-ECDSA-AES128-GCM-SHA256").isEmpty)
    #expect(try agreed(port, "-tls1_3 -groups P-256").isEmpty)
    #expect(try agreed(port, "-tls1_3 -groups P-384").hasPrefix("TLSv1.3"))
    #expect(
      try router.reload(OneListener(to: backend.port).with { $0.more = "tls: {max: \"1.3\"}" }.yaml).contains(
        "reloaded"))
    #expect(try agreed(port, "-tls1_2").isEmpty)
    #expect(try agreed(port, "-tls1_3 -groups P-256").hasPrefix("TLSv1.3"))
  }

  @Test("a cluster offers what it is told, and nothing else")
  func cluster() throws {
    let port = try ServerProcess.freePort()
    let server = try BackgroundProcess(
      ["env"] + workspace.environment + [
        "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-cert", "pki/localhost.crt", "-key",
        "pki/localhost.key",
        "-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384", "-groups", "P-256", "-rev",
      ], in: workspace.path, log: workspace.directory.file("s_server.log"))
    try server.wait(for: "ACCEPT")
    func yaml(_ settings: String) -> String {
      """
      listeners: [{name: in, listen: "127.0.0.1:0", to: back}]
      clusters: [{name: back, endpoints: ["127.0.0.1:\(port)"], tls: {trust: pki/ca.crt, \(settings)}}]

      """
    }
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
    let good = "min: \"1.2\", ciphers: [\(suite)], groups: [P-256]"
    let router = try RunningRouter(yaml(good), in: workspace)
    // s_server -rev gives a line back, reversed.
    let answer = try router.exchange("--plain", "--text", "abba\n")
    #expect(answer.outcome == "answered" && answer.detail == "abba\n", "\(answer)")
    // Its line comes once s_server has ended, too.
    try router.waitForAccess { _ in true }
    for bad in [
      good.replacing("P-256", with: "X25519"), good.replacing(suite, with: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
      "min: \"1.3\"",
    ] {
      #expect(try router.reload(yaml(bad)).contains("reloaded"))
      let count = router.accessLog.count
      #expect(try router.exchange("--plain").wasCut, "\(bad)")
      #expect(try router.waitForAccess(count: count + 1) { _ in true }.last?.outcome == "backend-alert", "\(bad)")
    }
    #expect(server.isRunning)
  }
}
