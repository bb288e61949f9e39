import Formats

extension ChoreoConnect {
  /// The router's part of config.toml, as a file or in the manifest of the ConfigMap `config-toml`.
  struct RouterConfiguration {
    static let configMap = "config-toml"
    static let key = "config.toml"
    static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"
    private static let keystore = "/home/wso2/security/keystore"

    /// Where it was found, with our settings merged in.
    let reference: InputReference
    /// Below `home`, or the file's name where it was declared.
    let path: String
    let isPresent: Bool
    /// The settings themselves.
    let toml: String
    /// The manifest that they were found in.
    let manifest: String?
    /// What else the ConfigMap holds.
    let otherData: [KubernetesConfigMap.Item]
    /// The folder of the compose file, below `home`: empty or with a final slash.
    let flavour: String

    /// All that are there, or a new one.
    static func all(of router: Router, _ files: InputFiles) throws(FleetError) -> [RouterConfiguration] {
      if let declared = router.config {
        let bytes = try files[declared]
        guard router.namespace != nil || !isManifest(declared.path) else {
          throw FleetError(
            "a manifest is read for Kubernetes only", advice: "name the config.toml itself, or say `kubernetes`",
            at: declared.place)
        }
        let inside = declared.path.hasPrefix(router.home + "/") ? declared.path.dropFirst(router.home.count + 1) : ""
        let path = inside.isEmpty ? lastComponent(declared.path) : String(inside)
        return [try RouterConfiguration(router, reference: declared, path: path, bytes: bytes)]
      }
      var found: [RouterConfiguration] = []
      for path in Router.configurations {
        let reference = router.file(path)
        guard let bytes = files[reference.path] else { continue }
        found.append(try RouterConfiguration(router, reference: reference, path: path, bytes: bytes))
      }
      if !found.isEmpty { return found }
      guard router.namespace == nil else {
        // It would replace all that the cluster's has.
        throw FleetError(
          "there is no \(key) below \(router.home)",
          advice: "name it, or the ConfigMap's manifest, with `config: FILE`",
          at: router.place)
      }
      let path = Router.configurations[0]
      return [try RouterConfiguration(router, reference: router.file(path), path: path, bytes: nil)]
    }

    private init(_ router: Router, reference: InputReference, path: String, bytes: [UInt8]?) throws(FleetError) {
      self.reference = reference
      self.path = path
      isPresent = bytes != nil
      flavour = path.hasSuffix("conf/config.toml") ? String(path.dropLast("conf/config.toml".count)) : ""
      do {
        if let bytes, Self.isManifest(path) {
          let found = try Self.settings(inManifest: bytes)
          toml = try Self.merged(found.toml, router)
          var editor = try YAMLEditor(bytes)
          if toml != found.toml { try editor.set(.block(toml), at: ["data", .key(Self.key)]) }
          manifest = editor.text
          otherData = found.others
        } else {
          manifest = nil
          otherData = []
          guard let text = String(validating: bytes ?? [], as: UTF8.self) else {
            throw FormatError.malformed(format: "TOML file", reason: "it is not UTF-8")
          }
          toml = try Self.merged(text, router)
        }
      } catch let error as FormatError {
        throw FleetError(error, in: reference)
      } catch {
        throw FleetError("\(reference.path): \(error)", at: reference.place)
      }
    }

    private static func isManifest(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

    private static func settings(
      inManifest bytes: [UInt8]
    ) throws(FormatError) -> (toml: String, others: [KubernetesConfigMap.Item]) {
      let maps = try KubernetesConfigMap.decode(bytes)
      guard let map = maps.first, maps.count == 1, let toml = map[key],
        let text = String(validating: toml, as: UTF8.self)
      else {
        throw .malformed(format: "manifest", reason: "it is no ConfigMap with the key \(key)")
      }
      return (text, map.data.filter { $0.key != key })
    }

    /// Sets what mutual TLS needs, and leaves the rest.
    private static func merged(_ text: String, _ router: Router) throws(FormatError) -> String {
      let bytes = Array(text.utf8)
      var editor = try TOMLEditor(bytes)
      try editor.set(.text("\(keystore)/mg.pem"), table: "router.keystore", key: "certPath")
      try editor.set(.text("\(keystore)/mg.key"), table: "router.keystore", key: "keyPath")
      let table = "router.upstream.tls"
      let present = try TOMLTable.values(of: table, in: bytes) ?? [:]
      try editor.set(.text(router.tls.minimum.rawValue), table: table, key: "minimumProtocolVersion")
      try editor.set(.text(router.tls.maximum.rawValue), table: table, key: "maximumProtocolVersion")
      if !router.tls.ciphers.isEmpty {
        try editor.set(.text(router.tls.ciphers.joined(separator: ", ")), table: table, key: "ciphers")
      }
      if present["trustedCertPath"] == nil {
        try editor.set(.text(systemBundle), table: table, key: "trustedCertPath")
      }
      try editor.set(.flag(true), table: table, key: "verifyHostName")
      try editor.set(.flag(false), table: table, key: "disableSslVerification")
      return editor.text
    }

    /// Where the router's container looks for the global bundle.
    var trustedPath: String {
      (try? TOMLTable.values(of: "router.upstream.tls", in: Array(toml.utf8))?["trustedCertPath"])
        ?? Self.systemBundle
    }
  }
}
