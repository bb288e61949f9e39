import Credentials
import Formats

/// The settings of one node, merged into its configuration file.
struct BacalhauMerge {
  let settings: BacalhauSettings
  let machine: Bacalhau.Machine
  private let found: BacalhauConfiguration
  private var assignments: [YAMLAssignment] = []

  /// - Throws: ``FleetError`` where the file is missing or no configuration.
  init(_ settings: BacalhauSettings, _ machine: Bacalhau.Machine) throws(FleetError) {
    self.settings = settings
    self.machine = machine
    found = try machine.configuration(settings.files)
  }

  /// The orchestrator's file. TLS is its own, unless a proxy terminates it.
  static func orchestrator(_ settings: BacalhauSettings) throws(FleetError) -> Artefact {
    let machine = settings.system.orchestrator
    var merge = try BacalhauMerge(settings, machine)
    merge.enable("Orchestrator")
    merge.set(.text(settings.token), "Orchestrator", "Auth", "Token")
    if settings.isBehindProxy {
      merge.set(.flag(true), "Orchestrator", "SupportReverseProxy")
    } else {
      merge.set(.text(machine.installed("server.crt")), "Orchestrator", "TLS", "ServerCert")
      merge.set(.text(machine.installed("server.key")), "Orchestrator", "TLS", "ServerKey")
      merge.set(.text(machine.installed("ca.crt")), "Orchestrator", "TLS", "CACert")
      if merge.found.cannotReachItself {
        merge.set(
          .list([.text("nats://127.0.0.1:\(merge.found.port)")]), "Compute", "Orchestrators")
      }
    }
    return try merge.artefact()
  }

  /// The file of a node that dials the orchestrator.
  static func compute(_ settings: BacalhauSettings, _ machine: Bacalhau.Machine) throws(FleetError) -> Artefact {
    var merge = try BacalhauMerge(settings, machine)
    try merge.refuseWhatWouldNotConnect()
    let addresses = try settings.addresses(of: machine, merge.found)
    merge.enable("Compute")
    if merge.found.orchestrators.isEmpty {
      merge.set(.list(addresses.map { .text($0.url) }), "Compute", "Orchestrators")
    }
    merge.set(.text(settings.token), "Compute", "Auth", "Token")
    merge.set(.text(machine.installed("ca.crt")), "Compute", "TLS", "CACert")
    if settings.isBehindProxy { merge.set(.flag(true), "Compute", "TLS", "RequireTLS") }
    return try merge.artefact()
  }

  private func refuseWhatWouldNotConnect() throws(FleetError) {
    let path = machine.config?.path ?? ""
    if found.requiresTLS, !settings.isBehindProxy {
      throw FleetError(
        "it has RequireTLS, with which a node begins with the TLS handshake, and Bacalhau's own server doesn't",
        advice: "remove it, or say `supportReverseProxy: true` of the orchestrator where a proxy terminates TLS",
        path: path, at: found.value(["Compute", "TLS", "RequireTLS"])?.place)
    }
    for address in found.addresses where address.value.userInfo.map({ $0 != settings.token }) == true {
      throw FleetError(
        "the address of \(address.value.hostAndPort) holds a token of its own, which wins over Compute.Auth.Token",
        advice: "remove what stands before the @", path: path, at: address.place)
    }
  }

  /// Only in a file of our own: in an operator's, a command line may say so.
  private mutating func enable(_ part: String) {
    if machine.config == nil { set(.flag(true), part, "Enabled") }
  }

  private mutating func set(_ value: YAMLValue, _ path: String...) {
    assignments.append(YAMLAssignment(path: found.steps(path), value: value))
  }

  private func artefact() throws(FleetError) -> Artefact {
    var bytes: [UInt8] = []
    if let config = machine.config { bytes = try settings.files[config] }
    do {
      var editor = try YAMLEditor(bytes)
      try editor.set(assignments)
      bytes = Array(editor.text.utf8)
    } catch {
      throw FleetError(error, in: machine.config?.path ?? "")
    }
    let role: Artefact.Role = machine.config.map { .merged(into: $0.path) } ?? .file
    return Artefact(machine.fileName, bytes, isSecret: true, role: role)
  }
}

extension FleetError {
  /// What an editor or an encoder said of a file.
  fileprivate init(_ error: FormatError, in path: String) {
    if case .uneditable(let line, let reason, let hint) = error {
      self.init(reason, advice: hint, path: path, at: YAMLTree.Place(line: line, column: 1))
    } else {
      self.init(error.message, advice: error.hint, path: path)
    }
  }
}
