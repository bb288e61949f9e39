import Formats
import Foundation

/// What is done in the installation of Connectware.
struct InstallationFolder {
  private let delivery: ConnectwareDelivery
  private var installation: ConnectwareInstallation { delivery.system.installation }
  private var commands: ConnectwareCommands { delivery.commands }

  static let bundle = "cybus_ca.crt"
  static let serverCertificate = "cybus_server.crt"
  static let serverKey = "cybus_server.key"
  static let users = "users.jsonl"
  static let environmentVariable = "CYBUS_BROKER_USE_MUTUAL_TLS"

  init(_ delivery: ConnectwareDelivery) { self.delivery = delivery }

  func folder(warnings: inout [String]) throws(FleetError) -> Delivery.Folder {
    var folder = Delivery.Folder(
      Connectware.Folder.installation, title: "The installation of Connectware that the agents dial.")
    if !delivery.bundle.isEmpty {
      folder.artefacts.append(Artefact(Self.bundle, try delivery.bundlePEM().utf8))
    }
    addAuthority(to: &folder)
    try addUpload(to: &folder)
    try addUsers(to: &folder)
    try addSwitch(to: &folder, warnings: &warnings)
    return folder
  }

  /// C2: where the authority is Connectware's own.
  private func addAuthority(to folder: inout Delivery.Folder) {
    guard case .files? = installation.authority?.source else { return }
    var step = Delivery.Step(
      "The authority that signs was given in files. From Connectware they are fetched so, beside the fleet file; repeat "
        + "it whenever Connectware makes a new one, and run apply again.")
    step.commands = commands.fetchAuthority
    folder.steps.append(step)
  }

  /// C4 to C6.
  private func addUpload(to folder: inout Delivery.Folder) throws(FleetError) {
    guard let custom = installation.customAuthority, !delivery.bundle.isEmpty else { return }
    var files = [UploadScript.File(name: Self.bundle, mode: "0644")]
    if let server = custom.server {
      folder.artefacts.append(Artefact(Self.serverCertificate, try delivery.supply.files[server.certificate]))
      folder.artefacts.append(Artefact(Self.serverKey, try delivery.supply.files[server.key], isSecret: true))
      files += [.init(name: Self.serverCertificate, mode: "0644"), .init(name: Self.serverKey, mode: "0600")]
    }
    var script = Artefact(UploadScript.name, UploadScript(installation, files: files).text.utf8)
    script.isExecutable = true
    folder.artefacts.append(script)
    folder.steps.append(
      .init(
        "Replace the trust store of Connectware. What it trusts now is in it, with what is new.", "./\(script.path)"))
    if custom.server != nil {
      folder.steps.append(
        .init("Restart the ingress proxy, which reads the server certificate when it starts.", commands.restartServer))
    }
  }

  /// The broker lets a certificate in only as a user.
  private func addUsers(to folder: inout Delivery.Folder) throws(FleetError) {
    var lines = ""
    for agent in delivery.system.release.agents { lines += ConnectwareUser(agent).json + "\n" }
    folder.artefacts.append(Artefact(Self.users, lines.utf8))
    var script = Artefact(UsersScript.name, UsersScript.text.utf8)
    script.isExecutable = true
    folder.artefacts.append(script)
    let lacksRoles = delivery.system.release.agents.contains { $0.roles.isEmpty }
    folder.steps.append(
      .init(
        "Create a user for each agent, with a certificate as its way to log in. Put an administrator's token into a "
          + "file, and name the address of Connectware."
          + (lacksRoles ? " Not all have roles: give them theirs in Connectware, or in the fleet file." : ""),
        "./\(script.path) https://\(delivery.system.release.connectwareHost) token"))
  }

  /// C1.
  private func addSwitch(to folder: inout Delivery.Folder, warnings: inout [String]) throws(FleetError) {
    let artefact: Artefact
    let command: String
    switch installation.mode {
    case .helm:
      artefact = try values()
      command = commands.upgradeInstallation(values: artefact.path)
    case .docker:
      artefact = try environment()
      command = "docker compose up -d"
    }
    folder.artefacts.append(artefact)
    folder.steps.append(
      .init(
        "Switch mTLS on. From then on, port 8883 takes clients with a certificate only: those that log in with a "
          + "password there are locked out.", command))
    let file = installation.values ?? installation.environment
    if file.flatMap({ delivery.supply.files[$0.path] }) != artefact.bytes {
      warnings.append(
        "once mTLS is on, port 8883 of Connectware takes only clients with a certificate: move what logs in there with "
          + "a password first")
    }
  }

  private func values() throws(FleetError) -> Artefact {
    let bytes = if let file = installation.values { try delivery.supply.files[file] } else { [UInt8]() }
    let text = try ConnectwareDelivery.edited(installation.values) { () throws(FormatError) in
      var editor = try YAMLEditor(bytes)
      try editor.set(.flag(true), at: ["global", "authentication", "mTLS", "enabled"])
      return editor.text
    }
    return Artefact(
      installation.values.map { fileName($0.path) } ?? "values.yaml", text.utf8,
      role: installation.values.map { .merged(into: $0.path) } ?? .file)
  }

  private func environment() throws(FleetError) -> Artefact {
    guard let file = installation.environment, var environment = DockerEnvironment(try delivery.supply.files[file])
    else {
      throw FleetError("the .env file is not UTF-8", at: installation.environment?.place)
    }
    environment.set(Self.environmentVariable, to: "yes")
    // Compose reads passwords from it too.
    return Artefact(fileName(file.path), environment.text.utf8, isSecret: true, role: .merged(into: file.path))
  }
}

/// A user of Connectware that logs in with a certificate (`POST /api/users`).
struct ConnectwareUser: Encodable {
  struct GrantType: Encodable {
    var method: String
    var isRequired: Bool
  }

  var username: String
  var identityProvider = "local"
  var grantTypes = [GrantType(method: "certificate", isRequired: false)]
  var roles: [String]

  init(_ agent: Agent) {
    username = agent.name
    roles = agent.roles
  }

  /// On one line.
  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
  }
}
