import Foundation
import PKITestKit
import Testing

@Suite("MQTT: mosquitto's clients, through the router, to a mosquitto without TLS")
struct MQTTTests {
  let workspace: Workspace
  let broker: Broker
  let router: RunningRouter

  init() throws {
    workspace = try .forRouter(clients: ["robot-1 --org ORG1", "robot-2 --org ORG1", "guest --org ORG2"])
    broker = try .mosquitto(in: workspace)
    let configuration = OneListener(to: broker.port).with {
      $0.clients = "trust: pki/ca.crt, allow: [{name: robots, cn: \"robot-*\", org: ORG1}]"
    }
    router = try RunningRouter(configuration.yaml, in: workspace)
  }

  private func run(_ program: String, as client: String?, _ flags: String...) throws -> Tool.Output {
    var words = ["-h", "localhost", "-p", "\(router.port())", "--cafile", workspace.file("pki/ca.crt")]
    if let client {
      words += ["--cert", workspace.file("pki/\(client).crt"), "--key", workspace.file("pki/\(client).key")]
    }
    return try Tool.run("timeout", ["300", program, "-t", "robots/state"] + words + flags)
  }

  @Test("what one robot publishes comes to another")
  func messages() throws {
    let published = try run("mosquitto_pub", as: "robot-1", "-q", "1", "-r", "-m", "here")
    #expect(published.status == 0, "\(published.errors)")
    let received = try run("mosquitto_sub", as: "robot-2", "-C", "1", "-W", "240")
    #expect(received.text == "here\n", "\(received.errors)")
    let lines = try router.waitForAccess(count: 2) { $0.outcome == "finished" }
    #expect(lines.allSatisfy { $0.rule == "robots" })
  }

  @Test("a message of a megabyte arrives whole")
  func large() throws {
    let payload = String(repeating: "0123456789abcdef", count: 1 << 16)
    try workspace.write(payload, to: "payload")
    #expect(try run("mosquitto_pub", as: "robot-1", "-q", "1", "-r", "-f", workspace.file("payload")).status == 0)
    let received = try run("mosquitto_sub", as: "robot-2", "-C", "1", "-W", "240", "-N")
    #expect(received.text == payload, "\(received.stdout.count) bytes")
  }

  @Test("who isn't allowed, or has no certificate, doesn't come to the broker")
  func strangers() throws {
    for client in ["guest", nil] {
      let output = try run("mosquitto_pub", as: client, "-m", "here")
      #expect(output.status != 0, "\(client ?? "nobody")")
    }
    let lines = try router.waitForAccess(count: 2) { $0.cluster == nil }
    #expect(lines.contains { $0.outcome == "no-rule" && $0.subject?.contains("guest") == true })
    #expect(!broker.process.output.contains("New client connected"))
  }
}
