import Formats

/// Commands that can be pasted into a shell.
struct SubstraCommands: Sendable {
  /// Quoted for a shell where it has to be.
  static func word(_ text: String) -> String {
    ShellWord.quoted(text)
  }

  /// As a command writes it: a name, or a variable of the reader's shell where we don't know it.
  var namespace: String

  init(namespace: String?) { self.namespace = namespace ?? "\"$NAMESPACE\"" }

  func apply(_ manifests: [String]) -> String {
    "kubectl apply -n \(namespace)" + manifests.map { " -f \(Self.word($0))" }.joined()
  }

  /// Makes the Secret, or replaces it.
  func createPair(_ name: String, certificate: String, key: String) -> String {
    "kubectl create secret tls \(name) -n \(namespace) --cert=\(Self.word(certificate)) --key=\(Self.word(key)) "
      + "--dry-run=client -o yaml | kubectl apply -f -"
  }

  /// - Parameters:
  ///   - release, version: as ``word(_:)`` makes them.
  ///   - isWhole: whether the file holds all values of the release, and not ours alone.
  func upgrade(_ release: String, chart: String, version: String, values: String, isWhole: Bool) -> String {
    "helm upgrade \(release) substra/\(chart) -n \(namespace) --version \(version)"
      + (isWhole ? "" : " --reuse-values") + " --values \(Self.word(values))"
  }

  func restart(_ workload: Restart.Workload) -> String {
    "kubectl rollout restart -n \(namespace) \(Self.name(workload))"
  }

  func wait(for workload: Restart.Workload) -> String {
    "kubectl rollout status -n \(namespace) \(Self.name(workload))"
  }

  private static func name(_ workload: Restart.Workload) -> String {
    switch workload {
    case .deployment(let name, _): "deployment/\(name)"
    case .statefulSet(let name, _): "statefulset/\(name)"
    case .process(let name): name
    }
  }
}
