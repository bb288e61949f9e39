import Credentials
package import Formats

extension Bacalhau {
  private static let machineFields: [Field] = [
    Field("config", .text(.path), "Its configuration file, which the settings are merged into."),
    Field("installDir", .text(.path), "The folder on the machine that the files are put into; /etc/bacalhau."),
    Field("user", .text(.any), "The user that Bacalhau runs as there, who owns the files."),
  ]

  package static let fields: [Field] = [
    Field("authority", .object(AuthorityDeclaration.fields), "Who signs, where it isn't the fleet's authority."),
    Field(
      "orchestrator",
      .object(
        machineFields + [
          Field(
            "hosts", .list(.text(.host)),
            "The names and addresses by which it is dialled, beside those in the configuration files."),
          Field("tokenFile", .text(.path), "The file of the token that all nodes share; made where it is missing."),
          Field("supportReverseProxy", .flag, "Whether a proxy in front of it terminates TLS."),
        ] + Schema.nodeFields), required: true, "The node that the others dial."),
    Field(
      "computes",
      .list(.object([Field("name", .text(.any), required: true, "The name of its folder.")] + machineFields)),
      "The nodes that dial it."),
  ]

  static func hosts(_ entry: Declaration) throws(FleetError) -> [SubjectName] {
    let texts = entry.texts("hosts")
    if let wildcard = texts.first(where: { $0.text.hasPrefix("*") }) {
      throw FleetError(
        "nobody can dial \"\(wildcard.text)\"", advice: "name each host by which the orchestrator is dialled",
        at: wildcard.place)
    }
    return texts.compactMap { SubjectName(host: $0.text) }
  }

  /// Each machine has a folder: their names must differ, and be names of folders.
  func checkFolders() throws(FleetError) {
    var seen: Set<String> = [Self.orchestratorName]
    for machine in computes {
      let name = machine.name
      if name.hasPrefix(".") || name.contains("/") || name.utf8.contains(0) {
        throw FleetError(
          "\"\(name)\" can't be the name of a folder", advice: "leave out slashes, and a dot in front",
          at: machine.place)
      }
      if !seen.insert(name.lowercased()).inserted {
        throw FleetError(
          "two nodes are named \"\(name)\"", advice: "give each a name of its own; the orchestrator's is taken",
          at: machine.place)
      }
    }
  }

  /// One file can configure many nodes, where they all get the same settings.
  func checkFiles() throws(FleetError) {
    var installDirs: [String: String] = [:]
    for machine in computes {
      guard let config = machine.config else { continue }
      if config.path == orchestrator.config?.path {
        throw FleetError(
          "\(config.path) is the orchestrator's configuration too",
          advice: "a node that is both needs no entry under computes", at: config.place)
      }
      let first = installDirs[config.path] ?? machine.installDir
      if first != machine.installDir {
        throw FleetError(
          "\(config.path) is to hold the paths of \(first) and of \(machine.installDir)",
          advice: "give each node a file of its own, or all the same installDir", at: config.place)
      }
      installDirs[config.path] = first
    }
  }
}

extension Bacalhau.Machine {
  init(_ name: String, _ entry: Declaration) throws(FleetError) {
    self.name = name
    config = entry.input("config")
    installDir = entry.text("installDir") ?? "/etc/bacalhau"
    user = entry.text("user")
    place = entry.place
    guard installDir.hasPrefix("/") else {
      throw FleetError(
        "installDir \"\(installDir)\" is not an absolute path",
        advice: "Bacalhau would look for the files below the folder that it is started in",
        at: entry.place(of: "installDir"))
    }
    if let config, ["ca.crt", "server.crt", "server.key"].contains(fileName) {
      throw FleetError("a configuration file can't be named \(fileName)", at: config.place)
    }
  }

  /// The name of its configuration file, in its folder and on the machine.
  package var fileName: String {
    config.map { $0.path.split(separator: "/").last.map(String.init) ?? $0.path } ?? "config.yaml"
  }

  /// Where a file of its folder is put on the machine.
  package func installed(_ file: String) -> String {
    installDir.hasSuffix("/") ? installDir + file : "\(installDir)/\(file)"
  }

  /// - Throws: ``FleetError`` where the file is missing or no configuration.
  package func configuration(_ files: InputFiles) throws(FleetError) -> BacalhauConfiguration {
    guard let config else { return try BacalhauConfiguration([], path: "") }
    return try BacalhauConfiguration(try files[config], path: config.path)
  }
}
