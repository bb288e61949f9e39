import Credentials
import Formats
import X509

extension ChoreoConnect {
  /// What a backend gets: its key pair, and whom to let in (W1, W2, W5, W6).
  struct BackendDelivery {
    let backend: Backend
    let system: ChoreoConnect
    let supply: Supply

    func add(
      to delivery: inout Delivery, using random: inout some RandomNumberGenerator
    ) throws(FleetError) {
      var folder = Delivery.Folder(
        backend.name, title: "For the server at \(backend.endpoint.address), which the router dials.")
      do {
        try addKeyPair(to: &folder)
        try addTrust(to: &folder)
      } catch let error as FormatError {
        throw FleetError(error, at: backend.place)
      } catch let error as FleetError {
        throw error
      } catch {
        throw FleetError("\(error)", at: backend.place)
      }
      try addStore(to: &folder, using: &random)
      guard !folder.artefacts.isEmpty else { return }
      folder.steps.append(
        Delivery.Step(
          "Have the server ask for a client certificate and refuse clients without one, and start it again: key, "
            + "certificate and trust are read at its start."))
      delivery.restarts.append(
        Restart(
          .process("the server at \(backend.endpoint.address)"),
          command: "# restart the server at \(backend.endpoint.address), or have it load its files again",
          because: folder.artefacts.map { "\(folder.name)/\($0.path)" }))
      delivery.folders.append(folder)
    }

    private func addKeyPair(to folder: inout Delivery.Folder) throws {
      guard let credential = supply.credentials[backend.name] else { return }
      folder.artefacts.append(Artefact("backend.pem", try credential.chainPEM().utf8, carries: [backend.name]))
      var key = "the key stays where it is"
      if let pem = try credential.keyPEM() {
        folder.artefacts.append(Artefact("backend.key", pem.utf8, isSecret: true, carries: [backend.name]))
        key = "backend.key is its key, PKCS#8 without a passphrase"
      }
      folder.steps.append(
        Delivery.Step("Give the server its certificate: backend.pem holds it and its intermediates; \(key)."))
    }

    /// The certificates under which the router's is to be believed, as PEM.
    private func addTrust(to folder: inout Delivery.Folder) throws {
      let anchors = try system.routerAnchors(supply).map(PEM.der)
      guard backend.accepts == .authority, !anchors.isEmpty else { return }
      guard let bundle = backend.bundle else {
        folder.artefacts.append(
          Artefact("router-ca.pem", anchors.map { PEM.encode("CERTIFICATE", $0) }.joined().utf8))
        folder.steps.append(
          Delivery.Step(
            "Let the router in where the server reads a PEM bundle; once more changes nothing.",
            "countersign trust add /etc/ssl/certs/ca-certificates.crt router-ca.pem"))
        return
      }
      let present = supply.files[bundle.path]
      var merge: BundleMerge
      do {
        merge = try BundleMerge(present ?? [])
      } catch {
        throw FleetError(error, in: bundle)
      }
      merge.add(anchors)
      let name = ChoreoConnect.lastComponent(bundle.path)
      folder.artefacts.append(
        Artefact(name, merge.text.utf8, role: present == nil ? .file : .merged(into: bundle.path)))
      folder.steps.append(
        Delivery.Step("Put \(name) in the place of the bundle that the server reads: the router's authority is in it."))
    }

    private func addStore(
      to folder: inout Delivery.Folder, using random: inout some RandomNumberGenerator
    ) throws(FleetError) {
      guard let store = backend.store else { return }
      let isPinned = backend.accepts == .router
      let trusted = isPinned ? supply.credentials[Router.folder].map { [$0.leaf] } ?? [] : system.routerAnchors(supply)
      guard !trusted.isEmpty else { return }
      let name = ChoreoConnect.lastComponent(store.file.path)
      let present = supply.files[store.file.path]
      var anchors: [[UInt8]] = []
      do {
        for certificate in trusted { anchors.append(try PEM.der(of: certificate)) }
      } catch {
        throw FleetError(error, at: backend.place)
      }
      let merge = TrustStoreMerge(
        store: store, anchors: anchors, password: try password(store), now: supply.now)
      let (bytes, holdsKey) = try merge.bytes(
        present: present, previous: supply.previous["\(folder.name)/\(name)"], using: &random)
      folder.artefacts.append(
        Artefact(
          name, bytes, isSecret: holdsKey, role: present == nil ? .file : .merged(into: store.file.path),
          carries: isPinned ? [Router.folder] : []))
      folder.steps.append(
        Delivery.Step(
          "Put \(name) in the place of the trust store that the server reads, and look at the entry.",
          "keytool -list -v -keystore \(ShellWord.quoted(name)) -alias \(TrustStoreMerge.alias)"))
    }

    private func password(_ store: Backend.TrustStore) throws(FleetError) -> String {
      let bytes = try supply.files[store.password]
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw FleetError("\(store.password.path) is not UTF-8", at: store.password.place)
      }
      let password = text.prefix { $0 != "\n" && $0 != "\r" && $0 != "\r\n" }
      guard !password.isEmpty else {
        throw FleetError(
          "\(store.password.path) holds no password", advice: "its first line is the password", at: store.password.place
        )
      }
      return String(password)
    }
  }

  /// What backends trust in order to believe the router.
  func routerAnchors(_ supply: Supply) -> [Certificate] {
    supply.credentials[Router.folder].map { Self.anchors(of: $0, supply) } ?? supply.trust
  }

  /// What the router trusts in order to believe a backend; nothing as long as that isn't known.
  func anchors(of backend: Backend, _ supply: Supply) -> [Certificate] {
    if let credential = supply.credentials[backend.name] { return Self.anchors(of: credential, supply) }
    return backend.source == .selfSigned ? [] : supply.trust
  }
}
