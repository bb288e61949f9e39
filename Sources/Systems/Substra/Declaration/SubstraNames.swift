/// The names that Substra's charts give to their objects, and those that its values files name.
package enum SubstraNames {
  package static let serverPair = "orchestrator-tls-server-pair"
  package static let serverCA = "orchestrator-tls-cacert"
  package static let clientPair = "orchestrator-client-cert"
  package static let backendCA = "orchestrator-cacert"

  /// The charts that mount CA certificates from Secrets; earlier ones mount ConfigMaps.
  package static let orchestratorWithSecrets = ChartVersion("8.6.0")
  package static let backendWithSecrets = ChartVersion("26.0.0")

  /// The Deployment and the Service of the orchestrator.
  package static func server(release: String, nameOverride: String? = nil, fullnameOverride: String? = nil) -> String {
    if let name = fullnameOverride { return cut(name) }
    let chart = nameOverride ?? "orchestrator"
    return cut(release.contains(chart) ? "\(release)-server" : "\(release)-\(chart)-server")
  }

  /// What the names of a backend's workloads begin with.
  package static func backend(release: String, nameOverride: String? = nil) -> String {
    cut("\(release)-\(nameOverride ?? "substra-backend")")
  }

  /// The object that holds one of an organization's CAs, the first without a number.
  package static func clientCA(_ mspID: String, number: Int) -> String {
    let name = "orchestrator-client-cacert-\(KebabCase.text(mspID) ?? "")"
    return number == 1 ? name : "\(name)-\(number)"
  }

  /// Of the 63 characters of a volume's name, `orchestrator-tls-client-cacert-` takes 31.
  package static let volumeNameLimit = 32

  /// Why the chart can't make a volume for a key of clientCACerts; nil where it can.
  package static func volumeProblem(_ key: String) -> String? {
    guard let name = KebabCase.text(key) else {
      return "it holds other characters than letters, digits, hyphens, underscores and spaces"
    }
    if name.utf8.count > volumeNameLimit {
      return "in kebab-case it has \(name.utf8.count) characters, and a volume's name has room for \(volumeNameLimit)"
    }
    // The prefix ends in a hyphen, so another may follow.
    return name.hasSuffix("-") || name.isEmpty ? "in kebab-case it ends with a hyphen" : nil
  }

  /// Helm's `trunc 63 | trimSuffix "-"`.
  private static func cut(_ name: String) -> String {
    let prefix = name.prefix(63)
    return String(prefix.hasSuffix("-") ? prefix.dropLast() : prefix)
  }
}
