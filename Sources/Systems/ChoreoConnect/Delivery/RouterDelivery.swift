import Formats
import SwiftASN1
import X509

extension ChoreoConnect {
  /// What router, adapter and enforcer get (W3 globally, W4, W7, W9): one key pair, their trust in each other, and the
  /// router's settings.
  struct RouterDelivery {
    let system: ChoreoConnect
    let supply: Supply

    private var router: Router { system.router }

    func add(to delivery: inout Delivery) throws(FleetError) {
      var folder = Delivery.Folder(
        Router.folder, title: "For Choreo Connect: its router, adapter and enforcer, which share one key pair.")
      let configurations = try RouterConfiguration.all(of: router, supply.files)
      do {
        if let namespace = router.namespace {
          try addObjects(to: &folder, configurations, namespace: namespace)
        } else {
          try addFiles(to: &folder, configurations)
        }
        try addBackendAuthorities(to: &folder)
      } catch let error as FormatError {
        throw FleetError(error, at: router.place)
      } catch let error as FleetError {
        throw error
      } catch {
        throw FleetError("\(error)", at: router.place)
      }
      let commands = RouterCommands(
        system: system, folder: folder, flavour: configurations.first?.flavour ?? "",
        configuration: configurations.first)
      folder.steps = commands.steps
      delivery.warnings += warnings(configurations)
      delivery.restarts += commands.restarts
      delivery.folders.append(folder)
    }

    private func warnings(_ configurations: [RouterConfiguration]) -> [String] {
      var warnings: [String] = []
      if let first = configurations.first, !first.isPresent {
        warnings.append(
          "choreo-connect: no config.toml was found below \(router.home): \(first.path) in out/ holds our settings only"
        )
      }
      if configurations.count > 1 {
        warnings.append(
          "choreo-connect: \(configurations.count) config.toml are kept below \(router.home): all are written, and the "
            + "commands are for \(configurations[0].path); `config:` names another")
      }
      if router.trust == .global, router.bundle == nil, supply.files[router.file(Router.bundlePath).path] == nil {
        warnings.append(
          "choreo-connect: the global bundle holds the backends' authorities only, and hides the public ones of the "
            + "image; `bundle:` names one to add to")
      }
      return warnings
    }

    // MARK: - The key pair

    /// The pair in PEM; nil as long as the certificate is out.
    private func pair() throws -> (chain: String, key: String?)? {
      guard let credential = supply.credentials[Router.folder] else { return nil }
      return (try credential.chainPEM(), try credential.keyPEM())
    }

    /// The certificate itself first, since the enforcer checks its tokens' signatures by the first one; then what
    /// vouches for it, which is what the components trust each other by.
    private func trusted(_ present: [UInt8]?) throws -> String? {
      guard let credential = supply.credentials[Router.folder] else { return nil }
      var certificates = [credential.leaf]
      for anchor in ChoreoConnect.anchors(of: credential, supply) where !certificates.contains(anchor) {
        certificates.append(anchor)
      }
      let subjects = Set(certificates.map(\.subject))
      let kept = PEM.scan(present ?? []).blocks.filter(PEM.isCertificate).filter { block in
        guard let certificate = try? Certificate(derEncoded: block.der) else { return true }
        // Another of the same subject is what was there before.
        return !ShippedKeystore.isPublic(certificate) && !subjects.contains(certificate.subject)
      }
      return try PEM.text(certificates) + kept.map { PEM.encode("CERTIFICATE", $0.der) }.joined()
    }

    // MARK: - Docker Compose

    private func addFiles(to folder: inout Delivery.Folder, _ configurations: [RouterConfiguration]) throws {
      for component in Router.components {
        if let pair = try pair() {
          add(Router.keystore(component, "mg.pem"), pair.chain, to: &folder)
          if let key = pair.key { add(Router.keystore(component, "mg.key"), key, isSecret: true, to: &folder) }
        }
        let path = Router.truststore(component)
        if let trusted = try trusted(supply.files[router.file(path).path]) { add(path, trusted, to: &folder) }
      }
      for configuration in configurations {
        let text = configuration.manifest ?? configuration.toml
        folder.artefacts.append(
          Artefact(
            configuration.path, text.utf8,
            role: configuration.isPresent ? .merged(into: configuration.reference.path) : .file))
      }
    }

    /// A file of the distribution: the operator's own is replaced where it is kept below `home`.
    private func add(_ path: String, _ text: String, isSecret: Bool = false, to folder: inout Delivery.Folder) {
      let declared = router.file(path).path
      folder.artefacts.append(
        Artefact(
          path, text.utf8, isSecret: isSecret,
          role: supply.files[declared] == nil ? .file : .merged(into: declared), carries: [Router.folder]))
    }

    // MARK: - Kubernetes

    private func addObjects(
      to folder: inout Delivery.Folder, _ configurations: [RouterConfiguration], namespace: String
    ) throws {
      if let pair = try pair(), let trusted = try trusted(nil) {
        folder.artefacts.append(Artefact("mg.pem", pair.chain.utf8, carries: [Router.folder]))
        if let key = pair.key {
          folder.artefacts.append(Artefact("mg.key", key.utf8, isSecret: true, carries: [Router.folder]))
        }
        // Where the key is elsewhere, the Secret with it can only be made there.
        for component in Router.components {
          if let key = pair.key {
            folder.artefacts.append(
              try Artefact(
                secret("\(component)-keystore", namespace, [("mg.key", key), ("mg.pem", pair.chain)]),
                carries: [Router.folder]))
          }
          folder.artefacts.append(
            try Artefact(secret("\(component)-truststore", namespace, [("mg.pem", trusted)]), carries: [Router.folder]))
        }
      }
      guard let configuration = configurations.first else { return }
      if let manifest = configuration.manifest {
        // Beside the object itself, the operator's own text of it.
        folder.artefacts.append(
          Artefact(
            "manifests/\(lastComponent(configuration.path))", manifest.utf8,
            role: .merged(into: configuration.reference.path)))
        folder.artefacts.append(Artefact(RouterConfiguration.key, configuration.toml.utf8))
      } else {
        folder.artefacts.append(
          Artefact(RouterConfiguration.key, configuration.toml.utf8, role: .merged(into: configuration.reference.path)))
      }
      var data = configuration.otherData
      data.append(KubernetesConfigMap.Item(key: RouterConfiguration.key, value: Array(configuration.toml.utf8)))
      folder.artefacts.append(
        try Artefact(
          .configMap(KubernetesConfigMap(name: RouterConfiguration.configMap, namespace: namespace, data: data))))
    }

    private func secret(_ name: String, _ namespace: String, _ data: [(String, String)]) -> KubernetesObject {
      .secret(
        KubernetesSecret(
          name: name, namespace: namespace,
          data: data.map { KubernetesSecret.Item(key: $0.0, value: Array($0.1.utf8)) }))
    }

    // MARK: - Trust in the backends

    /// The global bundle; and for `countersign check`, the authorities of each backend.
    private func addBackendAuthorities(to folder: inout Delivery.Folder) throws {
      var all: [[UInt8]] = []
      for backend in system.backends {
        let anchors = try system.anchors(of: backend, supply).map(PEM.der)
        for der in anchors where !all.contains(der) { all.append(der) }
      }
      guard !all.isEmpty else { return }
      folder.artefacts.append(
        Artefact(Self.authorities, all.map { PEM.encode("CERTIFICATE", $0) }.joined().utf8))
      guard router.trust == .global else { return }
      let declared = router.bundle ?? router.file(Router.bundlePath)
      if router.bundle != nil { _ = try supply.files[declared] }
      let present = supply.files[declared.path]
      var merge: BundleMerge
      do {
        merge = try BundleMerge(present ?? [])
      } catch {
        throw FleetError(error, in: declared)
      }
      merge.add(all)
      folder.artefacts.append(
        Artefact(Router.bundlePath, merge.text.utf8, role: present == nil ? .file : .merged(into: declared.path)))
    }

    /// What vouches for the backends.
    static let authorities = "backends-ca.pem"
  }
}
