package import Credentials
import Formats

/// The names that the orchestrator's certificate needs, from the fleet file and all configuration files.
package struct BacalhauNames: Sendable {
  /// Those that somebody dials: compute nodes, and the orchestrator itself.
  package let dialled: [SubjectName]
  /// All that the certificate gets, without duplicates: those, and `localhost`.
  package let hosts: [SubjectName]

  /// - Throws: ``FleetError`` for a file that is missing or no configuration, or names what can't be dialled.
  package init(_ system: Bacalhau, _ files: InputFiles) throws(FleetError) {
    var names = system.hosts
    for compute in system.computes {
      guard let config = compute.config else { continue }
      names += try compute.configuration(files).checkedAddresses(path: config.path).map(\.host)
    }
    let own = try system.orchestrator.configuration(files)
    names += try own.checkedAddresses(path: system.orchestrator.config?.path ?? "").map(\.host)
    // It dials the address that it listens on, and tells clients of the one that it advertises.
    names += [own.listenHost, own.advertisedHost, SubjectName(host: "127.0.0.1")].compactMap { $0 }
    dialled = names.reduce(into: []) { seen, name in if !seen.contains(name) { seen.append(name) } }
    hosts = dialled + [SubjectName(host: "localhost")].compactMap { $0 }.filter { !names.contains($0) }
  }
}
