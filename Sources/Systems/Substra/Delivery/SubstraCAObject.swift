import Formats
import X509

/// CA certificates in the object from which a chart mounts them.
struct SubstraCAObject: Sendable {
  enum Kind: Hashable, Sendable {
    case secret, configMap

    init(orchestrator chart: ChartVersion) { self.init(chart, since: SubstraNames.orchestratorWithSecrets) }

    /// - Parameter chart: nil where it isn't known: then the newest is meant.
    init(backend chart: ChartVersion?) { self.init(chart, since: SubstraNames.backendWithSecrets) }

    private init(_ chart: ChartVersion?, since first: ChartVersion?) {
      guard let chart, let first else {
        self = .secret
        return
      }
      self = chart < first ? .configMap : .secret
    }

    var name: String { self == .secret ? "Secret" : "ConfigMap" }
  }

  var name: String
  var namespace: String?
  var kind: Kind
  var certificates: [Certificate]

  /// The key under which the charts look.
  static let key = "ca.crt"

  /// - Parameter isApplied: whether it is for a cluster of ours.
  func artefact(isApplied: Bool = true) throws(FleetError) -> Artefact {
    let pem = try Substra.formatted(name) { () throws(FormatError) in try PEM.text(certificates) }
    return try Substra.formatted(name) { () throws(FormatError) in
      switch kind {
      case .secret:
        let secret = KubernetesSecret(
          name: name, namespace: namespace, data: [.init(key: Self.key, value: Array(pem.utf8))])
        return isApplied ? try Artefact(secret) : Artefact("\(name).yaml", try secret.yaml().utf8)
      case .configMap:
        let map = KubernetesConfigMap(name: name, namespace: namespace, data: [(Self.key, pem)])
        return Artefact("\(name).yaml", try map.yaml().utf8)
      }
    }
  }
}

extension SubstraAuthorities {
  /// The server's CAs as a file, for tools beside Kubernetes.
  func file() throws(FleetError) -> Artefact {
    let name = "orchestrator-ca.crt"
    return try Substra.formatted(name) { () throws(FormatError) in Artefact(name, try PEM.text(server).utf8) }
  }
}

extension Substra {
  /// An error of a format, said of what was to be written.
  static func formatted<Value>(
    _ what: String, _ body: () throws(FormatError) -> Value
  ) throws(FleetError) -> Value {
    do {
      return try body()
    } catch {
      throw FleetError("\(what) can't be written: \(error.message)", advice: error.hint, kind: error.kind)
    }
  }
}
