import Credentials

/// The commands that an operator runs on a machine, each a line for a POSIX shell.
enum BacalhauCommands {
  static let restart = "systemctl restart bacalhau"

  /// Puts files of a folder where Bacalhau reads them; nobody else reads what isn't public.
  static func install(_ files: [(name: String, isPublic: Bool)], on machine: Bacalhau.Machine) -> [String] {
    let owner = machine.user.map { " -o \(word($0))" } ?? ""
    return ["install -d -m 0700\(owner) \(word(machine.installDir))"]
      + files.map { file in
        "install -m \(file.isPublic ? "0644" : "0600")\(owner) \(word(file.name)) \(word(machine.installed(file.name)))"
      }
  }

  /// Asks the orchestrator for its certificate, as the nodes do.
  static func check(_ address: BacalhauAddress, isBehindProxy: Bool) -> String {
    // A proxy that terminates TLS begins with the handshake; NATS begins in the clear.
    let protocolOption = isBehindProxy ? "" : " --starttls nats"
    return "countersign check \(word(address.hostAndPort))\(protocolOption) --trust ca.crt"
  }

  /// One word of a shell, quoted where it has to be.
  private static func word(_ text: String) -> String {
    // A leading hyphen would be an option.
    ShellWord.quoted(text.hasPrefix("-") ? "./" + text : text)
  }
}
