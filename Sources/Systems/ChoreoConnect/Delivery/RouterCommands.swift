extension ChoreoConnect {
  /// What the operator runs where Choreo Connect runs, and what has to restart.
  struct RouterCommands {
    let system: ChoreoConnect
    let folder: Delivery.Folder
    /// The folder of the compose file below `home`.
    let flavour: String
    let configuration: RouterConfiguration?

    private var router: Router { system.router }

    var steps: [Delivery.Step] {
      (router.namespace.map(kubernetes) ?? compose) + checks
    }

    var restarts: [Restart] {
      guard let namespace = router.namespace else {
        return Router.components.map { component in
          Restart(
            .process("the \(component) of Choreo Connect"), command: "\(docker) restart \(component)",
            because: paths { $0.hasPrefix("resources/\(component)/") || $0.hasSuffix(".toml") })
        }.filter { !$0.because.isEmpty }
      }
      return Self.deployments.map { deployment, components in
        Restart(
          .deployment(name: deployment, namespace: namespace),
          command: "kubectl -n \(namespace) rollout restart deployment \(deployment)",
          because: paths { path in
            components.contains { path.hasPrefix("\($0)-") } || path == "\(RouterConfiguration.configMap).yaml"
          })
      }.filter { !$0.because.isEmpty }
    }

    /// The adapter first: it hands the router its settings.
    private static let deployments = [
      ("choreo-connect-adapter", ["adapter"]), ("choreo-connect-deployment", ["enforcer", "router"]),
    ]

    private func paths(_ isMeant: (String) -> Bool) -> [String] {
      folder.artefacts.map(\.path).filter(isMeant).map { "\(folder.name)/\($0)" }
    }

    private func has(_ path: String) -> Bool { folder.artefacts.contains { $0.path == path } }

    // MARK: - Docker Compose

    /// The shell's variable for `home`, since it has another path on another machine.
    private static let home = "\"$CHOREO_CONNECT_HOME\""

    private var docker: String { "docker-compose -f \(Self.home)/\(ShellWord.quoted(flavour + "docker-compose.yaml"))" }

    private var compose: [Delivery.Step] {
      var steps = [
        Delivery.Step(
          "Say where the distribution is: as the fleet file names it, relative to that file; elsewhere its path there.",
          "export CHOREO_CONNECT_HOME=\(ShellWord.quoted(router.home))")
      ]
      let configurations = folder.artefacts.map(\.path).filter { $0.hasSuffix("conf/config.toml") }
      var copy =
        folder.artefacts.contains { $0.path.hasPrefix("resources/") }
        ? ["cp -R resources/. \(Self.home)/resources/"] : []
      copy += configurations.map { "cp \(ShellWord.quoted($0)) \(Self.home)/\(ShellWord.quoted($0))" }
      var step = Delivery.Step("Put the files into their places, instead of those that the distribution ships.")
      step.commands = copy
      steps.append(step)
      if let configuration, !configurations.contains(configuration.path) {
        steps.append(
          Delivery.Step(
            "Put \(configuration.path) in the place of \(configuration.reference.path), which it was made from."))
      }
      if has(Router.keystore("router", "mg.key")) {
        var step = Delivery.Step(
          "Make each key readable for the user of its container, and for nobody else (not needed where the files belong "
            + "to that user).")
        step.commands = Router.components.map { component in
          "sudo chown \"$(\(docker) exec -T \(component) id -u)\" \(Self.home)/\(Router.keystore(component, "mg.key"))"
        }
        steps.append(step)
      }
      if let mount { steps.append(mount) }
      var restart = Delivery.Step("Restart, the adapter first: each reads its files at start.")
      restart.commands = restarts.map(\.command)
      steps.append(restart)
      return steps
    }

    /// The bundle has to be seen where config.toml says that it is.
    private var mount: Delivery.Step? {
      guard router.trust == .global, let path = configuration?.trustedPath else { return nil }
      let mounted = "/home/wso2/security/" + Router.bundlePath.split(separator: "/").suffix(1).joined()
      guard path != mounted else { return nil }
      return Delivery.Step(
        "Have the router see the bundle: under `volumes` of `router` in docker-compose.yaml, this line. "
          + "Then `\(docker) up -d router` instead of its restart.",
        "# - ${CHOREO_CONNECT_HOME}/\(Router.bundlePath):\(path)")
    }

    // MARK: - Kubernetes

    private func kubernetes(_ namespace: String) -> [Delivery.Step] {
      let manifests = folder.artefacts.map(\.path).filter { $0.hasSuffix(".yaml") && !$0.contains("/") }
      var steps = [
        Delivery.Step(
          "Put the objects into the cluster.",
          "kubectl -n \(namespace) apply " + manifests.map { "-f \(ShellWord.quoted($0))" }.joined(separator: " "))
      ]
      if has("mg.pem"), !has("mg.key") {
        var step = Delivery.Step("Where the key is, make the Secrets that hold it; mg.key is its file there.")
        step.commands = Router.components.map { component in
          "kubectl -n \(namespace) create secret generic \(component)-keystore --from-file=mg.key --from-file=mg.pem "
            + "--dry-run=client -o yaml | kubectl -n \(namespace) apply -f -"
        }
        steps.append(step)
      }
      var restart = Delivery.Step("Restart, the adapter first: a changed Secret alone restarts nothing.")
      restart.commands =
        restarts.map(\.command)
        + Self.deployments.map { deployment, _ in
          "kubectl -n \(namespace) rollout status deployment \(deployment)"
        }
      return steps + [restart]
    }

    // MARK: - Proof

    /// With and without the client certificate: the backend has to take the one and refuse the other.
    private var checks: [Delivery.Step] {
      guard has(RouterDelivery.authorities) else { return [] }
      let certificate = folder.artefacts.first { $0.path.hasSuffix("mg.pem") }?.path
      let key = folder.artefacts.first { $0.path.hasSuffix("mg.key") }?.path
      guard let certificate, let key else { return [] }
      let config = folder.artefacts.first { $0.path.hasSuffix(".toml") }?.path
      let settings = config.map { " --config \(ShellWord.quoted($0))" } ?? ""
      var with = Delivery.Step("Look whether each backend takes the router, with the router's own TLS settings.")
      var without = Delivery.Step("And whether it refuses who has no certificate: this has to fail (exit status 1).")
      for backend in system.backends {
        let check =
          "countersign check \(ShellWord.quoted(backend.endpoint.address)) --trust \(RouterDelivery.authorities)"
        with.commands.append(
          "\(check) --cert \(ShellWord.quoted(certificate)) --key \(ShellWord.quoted(key))\(settings)")
        without.commands.append(check)
      }
      return [with, without]
    }
  }
}
