import Credentials
import Formats

extension ChoreoConnect {
  /// Where the router finds the authorities of backends.
  enum TrustPlacement: String, CaseIterable, Hashable, Sendable {
    /// `Endpoint-certificates` in the project of each API.
    case project
    /// The `params.yaml` of each API, which apictl resolves.
    case params
    /// One bundle for all, `/etc/ssl/certs/ca-certificates.crt` unless config.toml says otherwise.
    case global
  }

  /// Router, adapter and enforcer, as one fleet entry declares them.
  struct Router: Sendable {
    /// Its node's name too.
    static let folder = "router"
    static let components = ["adapter", "enforcer", "router"]

    let home: String
    /// Declared names first, then those by which the components know each other.
    let hosts: [String]
    let trust: TrustPlacement
    let tls: UpstreamTLS
    let config: InputReference?
    let bundle: InputReference?
    let environment: String
    /// Nil for Docker Compose.
    let namespace: String?
    let source: Node.Source
    let place: YAMLTree.Place

    init(_ declaration: Declaration) throws(FleetError) {
      let home = try declaration.required("home")
      self.home = home.count > 1 && home.hasSuffix("/") ? String(home.dropLast()) : home
      let declared = declaration.texts("hosts").map(\.text)
      hosts = (declared + Self.components + ["localhost"]).reduce(into: []) { names, name in
        if !names.contains(name) { names.append(name) }
      }
      trust = declaration.text("trust").flatMap(TrustPlacement.init) ?? .project
      tls = try UpstreamTLS(declaration.object("tls"))
      config = declaration.input("config")
      bundle = declaration.input("bundle")
      environment = declaration.text("environment") ?? "dev"
      namespace = declaration.object("kubernetes")?.text("namespace")
      source = try declaration.source()
      place = declaration.place
      if let bundle, trust != .global {
        throw FleetError("a bundle is read with trust: global only", advice: "leave it out", at: bundle.place)
      }
    }

    func identity() throws(FleetError) -> Identity {
      do {
        return try Identity(
          commonName: hosts.first ?? Self.folder, names: hosts.compactMap { SubjectName(host: $0) })
      } catch {
        throw FleetError(error.message, advice: error.hint, at: place)
      }
    }

    /// A file of the distribution, which may be missing.
    func file(_ path: String) -> InputReference { InputReference("\(home)/\(path)", at: place, isOptional: true) }

    /// Where the distribution keeps its configuration: beside the compose file of the flavour that runs.
    static let configurations = ["", "choreo-connect/", "choreo-connect-with-apim/"].map { "\($0)conf/config.toml" }
    static let bundlePath = "resources/router/security/ca-certificates.crt"

    static func keystore(_ component: String, _ file: String) -> String {
      "resources/\(component)/security/keystore/\(file)"
    }
    static func truststore(_ component: String) -> String { "resources/\(component)/security/truststore/mg.pem" }

    var inputs: [InputReference] {
      var inputs = Self.components.flatMap { component in
        [Self.keystore(component, "mg.pem"), Self.keystore(component, "mg.key"), Self.truststore(component)].map(file)
      }
      inputs += config.map { [$0] } ?? Self.configurations.map(file)
      if trust == .global { inputs.append(bundle ?? file(Self.bundlePath)) }
      return inputs
    }
  }
}
