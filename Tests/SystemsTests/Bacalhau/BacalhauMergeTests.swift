import Credentials
import Formats
import Foundation
import Systems
import Testing

@Suite("merging into Bacalhau's configurations")
struct BacalhauMergeTests {
  private var bench: BacalhauWorkbench

  init() throws { bench = try BacalhauWorkbench() }

  private func orchestrator(_ text: String, _ change: (inout BacalhauWorkbench) -> Void = { _ in }) throws -> String {
    var bench = bench
    bench.files["conf/orchestrator.yaml"] = text
    change(&bench)
    return try #require(try bench.deliver()["orchestrator", "orchestrator.yaml"]).text
  }

  private func compute(_ text: String, _ change: (inout BacalhauWorkbench) -> Void = { _ in }) throws -> String {
    var bench = bench
    bench.files["compute-1.yaml"] = text
    change(&bench)
    return try #require(try bench.deliver()["compute-1", "compute-1.yaml"]).text
  }

  @Test("the orchestrator's file keeps what it has, and gets TLS and the token")
  func golden() throws {
    let merged = try orchestrator(
      """
      NameProvider: "uuid"  # the default
      API:
          Port: 1234
      Orchestrator:
          # who may come in
          Auth:
              Token: "i_am_very_secret_token" # to be changed
          Enabled: true

      Labels: {region: 'eu'}
      """)
    #expect(
      merged == """
        NameProvider: "uuid"  # the default
        API:
            Port: 1234
        Orchestrator:
            # who may come in
            Auth:
                Token: "token-of-the-workbench-0123456789" # to be changed
            Enabled: true
            TLS:
                ServerCert: /etc/bacalhau/server.crt
                ServerKey: /etc/bacalhau/server.key
                CACert: /etc/bacalhau/ca.crt

        Labels: {region: 'eu'}
        """)
  }

  @Test("a node's file keeps what it has, and gets the CA and the token")
  func goldenNode() throws {
    let merged = try compute(
      "# node 1\r\nCompute:\r\n  Enabled: true\r\n  Orchestrators:\r\n  - nats://10.0.5.16:4222 # dc\r\nLabels: {a: b}\r\n"
    )
    #expect(
      merged.replacing("\r\n", with: "\n") == """
        # node 1
        Compute:
          Enabled: true
          Orchestrators:
          - nats://10.0.5.16:4222 # dc
          Auth:
            Token: token-of-the-workbench-0123456789
          TLS:
            CACert: /etc/bacalhau/ca.crt
        Labels: {a: b}

        """)
    #expect(!merged.replacing("\r\n", with: "").contains("\n"))
  }

  @Test("keys are found whatever their spelling")
  func spelling() throws {
    let merged = try orchestrator(
      "orchestrator:\n  enabled: true\n  auth: {token: old-old-old-old-old}\n  tls:\n    servercert: /x\n")
    #expect(
      merged == """
        orchestrator:
          enabled: true
          auth: {token: token-of-the-workbench-0123456789}
          tls:
            servercert: /etc/bacalhau/server.crt
            ServerKey: /etc/bacalhau/server.key
            CACert: /etc/bacalhau/ca.crt

        """)
  }

  @Test("merging twice equals once")
  func twice() throws {
    let once = try bench.deliver()
    var again = bench
    again.files = try [
      "conf/orchestrator.yaml": #require(once["orchestrator", "orchestrator.yaml"]).text,
      "compute-1.yaml": #require(once["compute-1", "compute-1.yaml"]).text,
      "compute-2.yaml": #require(once["compute-2", "compute-2.yaml"]).text,
    ]
    let twice = try again.deliver()
    for (folder, path) in [
      ("orchestrator", "orchestrator.yaml"), ("compute-1", "compute-1.yaml"), ("compute-2", "compute-2.yaml"),
    ] {
      #expect(once[folder, path]?.text == twice[folder, path]?.text)
    }
  }

  @Test("a node that doesn't say where the orchestrator is, is told; one that says so is left alone")
  func orchestrators() throws {
    for text in ["", "Compute:\n", "Compute: {Orchestrators: []}\n", "Compute:\n  Orchestrators:\n"] {
      let merged = try compute(text) { $0.files["conf/orchestrator.yaml"] = "Orchestrator: {Port: 5222}\n" }
      let tree = try #require(try YAMLTree.document(Array(merged.utf8)))
      #expect(
        tree.at("Compute", "Orchestrators")?.items?.map(\.text) == ["nats://my-bacalhau-orchestrator-node:5222"])
    }
    #expect(try compute("Compute: {Orchestrators: a.example}\n").contains("Orchestrators: a.example"))
  }

  @Test("RequireTLS and ServerTimeout are not written")
  func unwritten() throws {
    let delivery = try bench.deliver()
    for artefact in delivery.folders.flatMap(\.artefacts) {
      #expect(!artefact.text.contains("RequireTLS") && !artefact.text.contains("ServerTimeout"))
    }
  }

  @Test("behind a proxy, TLS is the proxy's: nodes begin with the handshake, and the proxy gets the certificate")
  func proxy() throws {
    var bench = bench
    bench.declaration = bench.declaration.replacing("tokenFile", with: "supportReverseProxy: true, tokenFile")
    let delivery = try bench.deliver()
    #expect(
      delivery["orchestrator", "orchestrator.yaml"]?.text == """
        Orchestrator:
          Enabled: true
          Auth:
            Token: token-of-the-workbench-0123456789
          SupportReverseProxy: true

        """)
    #expect(delivery["compute-1", "compute-1.yaml"]?.text.hasSuffix("    RequireTLS: true\n") == true)
    #expect(delivery["orchestrator", "server.key"] != nil)
    #expect(delivery.folders[0].steps.contains { $0.explanation.contains("proxy") })
    #expect(
      delivery.folders[1].steps.flatMap(\.commands).contains("countersign check 10.0.5.16:4222 --trust ca.crt"))
    var implied = bench
    implied.declaration = BacalhauWorkbench.declaration
    implied.files["conf/orchestrator.yaml"] = "Orchestrator: {SupportReverseProxy: true}\n"
    #expect(try implied.deliver()["compute-2", "compute-2.yaml"]?.text.contains("RequireTLS: true") == true)
  }

  @Test("an orchestrator on another port is told where it finds itself")
  func ownPort() throws {
    func own(_ text: String) throws -> [String?]? {
      let tree = try YAMLTree.document(Array(orchestrator(text).utf8))
      return tree?.at("Compute", "Orchestrators")?.items?.map(\.text)
    }
    #expect(try own("Orchestrator: {Port: 5222}\n") == ["nats://127.0.0.1:5222"])
    #expect(try own("Orchestrator: {Port: 5222, Host: 10.0.0.1}\n") == nil)
    #expect(try own("Orchestrator: {Port: 4222}\n") == nil)
    #expect(try own("Orchestrator: {Port: 5222}\nCompute: {Orchestrators: [nats://a:5222]}\n") == ["nats://a:5222"])
  }

  @Test("the token file that is named decides; without one, the orchestrator's own token stays")
  func token() throws {
    let own = "Orchestrator: {Auth: {Token: own-token-0123456789}}\n"
    #expect(try orchestrator(own).contains(BacalhauWorkbench.token))
    let kept = try orchestrator(own) { $0.declaration = $0.declaration.replacing(", tokenFile: token", with: "") }
    #expect(kept.contains("own-token-0123456789") && !kept.contains(BacalhauWorkbench.token))
    for useless in ["i_am_very_secret_token", "$2a$11$hash", "''"] {
      let text = "Orchestrator: {Auth: {Token: \(useless)}}\n"
      let merged = try orchestrator(text) { $0.declaration = $0.declaration.replacing(", tokenFile: token", with: "") }
      #expect(merged.contains(BacalhauWorkbench.token))
    }
  }

  @Test("replacing a token that nodes may have is said")
  func tokenWarning() throws {
    var bench = bench
    bench.files["conf/orchestrator.yaml"] = "Orchestrator: {Auth: {Token: own-token-0123456789}}\n"
    let warnings = try bench.deliver().warnings
    #expect(warnings.count == 1 && warnings[0].contains("token") && !warnings[0].contains("own-token"))
    bench.files["conf/orchestrator.yaml"] = "Orchestrator: {Auth: {Token: i_am_very_secret_token}}\n"
    #expect(try bench.deliver().warnings.isEmpty)
  }

  @Test(
    "a token that everybody knows or that no node could send is refused",
    arguments: ["", "a b", "i_am_very_secret_token"])
  func badToken(token: String) throws {
    var supply = try bench.supply()
    supply.tokens["token"] = token
    let error = #expect(throws: FleetError.self) { try bench.deliver(supply) }
    #expect(error?.kind == .refused && error?.path == "token")
  }
}
