import Credentials
import Formats

/// What all nodes of one delivery share, gathered from the fleet file, the operator's files and the supply.
struct BacalhauSettings {
  let system: Bacalhau
  let files: InputFiles
  /// The orchestrator's configuration as the operator has it.
  let orchestrator: BacalhauConfiguration
  let isBehindProxy: Bool
  let token: String
  /// What the token replaces, where the orchestrator had another.
  let replacesToken: Bool

  /// - Throws: ``FleetError`` for files that are missing, contradict the fleet file or would not work.
  init(_ system: Bacalhau, _ supply: Supply) throws(FleetError) {
    self.system = system
    files = supply.files
    orchestrator = try system.orchestrator.configuration(files)
    isBehindProxy = try Self.isBehindProxy(system, orchestrator)
    let present = orchestrator.text("Orchestrator", "Auth", "Token")?.value
    let token = try Self.token(system, present: present, supply)
    self.token = token
    replacesToken = present.map { $0 != token && $0 != BacalhauToken.published } ?? false
  }

  private static func isBehindProxy(_ system: Bacalhau, _ found: BacalhauConfiguration) throws(FleetError) -> Bool {
    guard let declared = system.supportReverseProxy else { return found.supportsReverseProxy }
    if !declared, found.supportsReverseProxy {
      throw FleetError(
        "it has SupportReverseProxy, and the fleet file says that there is no proxy", advice: "change one of the two",
        path: system.orchestrator.config?.path ?? "", at: found.value(["Orchestrator", "SupportReverseProxy"])?.place)
    }
    return declared
  }

  /// A token file that the fleet file names decides; without one, the orchestrator's own token stays, so that nodes
  /// which the fleet file doesn't name keep their access.
  private static func token(_ system: Bacalhau, present: String?, _ supply: Supply) throws(FleetError) -> String {
    if system.tokenFile == nil, let present, BacalhauToken.problem(of: present) == nil { return present }
    guard let token = supply.tokens[Bacalhau.tokenName] else {
      throw FleetError("there is no token for the nodes", at: system.orchestrator.place)
    }
    if let problem = BacalhauToken.problem(of: token) {
      throw FleetError(
        "the token can't be used: \(problem)", advice: "remove the file: the next apply makes a random one",
        path: system.tokenFile?.path ?? "", kind: .refused)
    }
    return token
  }

  /// Where a node dials the orchestrator, by its configuration, or by the fleet file where that says nothing.
  func addresses(of machine: Bacalhau.Machine, _ found: BacalhauConfiguration) throws(FleetError) -> [BacalhauAddress] {
    let given = try found.checkedAddresses(path: machine.config?.path ?? "")
    guard given.isEmpty else { return given }
    let hosts = system.hosts.filter { !BacalhauAddress.isLoopback($0) }
    guard !hosts.isEmpty else {
      throw FleetError(
        "nothing says where \(machine.name) finds the orchestrator",
        advice: "name the orchestrator's hosts in the fleet file, or set Compute.Orchestrators", at: machine.place)
    }
    return hosts.map { BacalhauAddress(host: $0, port: orchestrator.port) }
  }
}
