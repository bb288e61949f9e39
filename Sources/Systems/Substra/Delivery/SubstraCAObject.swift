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
    let data = [KubernetesSecret.Item(key: Self.key, value: Array(pem.utf8))]
    let object: KubernetesObject =
      switch kind {
      case .secret: .secret(KubernetesSecret(name: name, namespace: namespace, data: data))
      case .configMap: .configMap(KubernetesConfigMap(name: name, namespace: namespace, data: data))
      }
    return try Substra.formatted(name) { () throws(FormatError) in
      isApplied ? try Artefact(object) : Artefact("\(name).yaml", try object.yaml().utf8)
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
