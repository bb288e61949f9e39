/// Commands that can be pasted into a shell.
struct ConnectwareCommands {
  let system: Connectware

  private var installation: ConnectwareInstallation { system.installation }
  private var release: AgentRelease { system.release }

  /// Quoted for a shell where it has to be.
  static func word(_ text: String) -> String {
    ShellWord.quoted(text)
  }

  // MARK: The installation of Connectware

  var installationNamespace: String { installation.namespace ?? "" }

  static let certificates = "/connectware_certs"
  static let server = "auth-server"

  /// How the authority that Connectware made for itself is fetched.
  var fetchAuthority: [String] {
    let files = ["cybus_ca.crt", "cybus_ca.key"]
    switch installation.mode {
    case .helm:
      return [
        "pod=$(kubectl -n \(installationNamespace) get pod -l app.kubernetes.io/name=\(Self.server) "
          + "-o jsonpath='{.items[0].metadata.name}')"
      ]
        + files.map {
          "kubectl -n \(installationNamespace) cp -c \(Self.server) \"$pod:\(Self.certificates)/\($0)\" \($0)"
        } + ["chmod 600 cybus_ca.key"]
    case .docker:
      return files.map { "docker compose cp \(Self.server):\(Self.certificates)/\($0) \($0)" } + [
        "chmod 600 cybus_ca.key"
      ]
    }
  }

  func upgradeInstallation(values: String) -> String {
    upgrade(
      installation.release, installation.chart, namespace: installationNamespace, values: values,
      keepsOthers: installation.values == nil)
  }

  /// Makes the server present a new certificate.
  var restartServer: String {
    installation.mode == .docker
      ? "docker compose restart connectware"
      : "kubectl -n \(installationNamespace) rollout restart deployment connectware"
  }

  // MARK: The release of the agents

  private var namespace: String { release.installed.namespace }

  func apply(_ manifest: String) -> String { "kubectl -n \(namespace) apply -f \(Self.word(manifest))" }

  func createSecret(_ name: String) -> String {
    "kubectl -n \(namespace) create secret tls \(name) --cert=tls.crt --key=tls.key"
  }

  func upgradeAgents(values: String) -> String {
    upgrade(
      release.installed.name, release.chart, namespace: namespace, values: values, keepsOthers: release.values == nil)
  }

  func restart(statefulSet: String) -> String { "kubectl -n \(namespace) rollout restart statefulset \(statefulSet)" }

  func wait(statefulSet: String) -> String { "kubectl -n \(namespace) rollout status statefulset \(statefulSet)" }

  var restartAll: String {
    "kubectl -n \(namespace) rollout restart statefulset -l app.kubernetes.io/instance=\(release.installed.name)"
  }

  private func upgrade(
    _ release: String, _ chart: ChartReference, namespace: String, values: String, keepsOthers: Bool
  ) -> String {
    let version = chart.version.map { " --version \(Self.word($0))" } ?? ""
    // A values file of ours alone must not reset what the release was installed with.
    let reuse = keepsOthers ? " --reuse-values" : ""
    return "helm upgrade \(release) \(Self.word(chart.location)) -n \(namespace)\(version)\(reuse) "
      + "-f \(Self.word(values))"
  }
}
