import Formats
import X509

extension ChoreoConnect {
  /// What the APIs' projects get, where apictl runs (W3, W8): the authorities of their backends, and a project where
  /// there is none yet.
  struct APIDelivery {
    let system: ChoreoConnect
    let supply: Supply

    func add(to delivery: inout Delivery) throws(FleetError) {
      var folder = Delivery.Folder(
        API.folder, title: "For where apictl runs: what each API's definition says of its backends.")
      for api in system.apis {
        let backends = system.backends.filter { api.serves($0) }
        let known = backends.filter { !system.anchors(of: $0, supply).isEmpty }
        let before = folder.artefacts.count
        do {
          if !exists(api) { try addProject(api, to: &folder) }
          if !known.isEmpty { try addCertificates(api, known, to: &folder) }
        } catch let error as FleetError {
          throw error
        } catch let error as FormatError {
          throw FleetError(error, at: api.place)
        } catch {
          throw FleetError("\(error)", at: api.place)
        }
        let paths = folder.artefacts[before...].map { "\(folder.name)/\($0.path)" }
        guard !paths.isEmpty else { continue }
        folder.steps += steps(api)
        delivery.restarts.append(
          Restart(.process("the API \(api.name), which is deployed again"), command: deployment(api), because: paths))
      }
      if !folder.artefacts.isEmpty { delivery.folders.append(folder) }
    }

    // MARK: - Certificates

    private func addCertificates(_ api: API, _ backends: [Backend], to folder: inout Delivery.Folder) throws {
      let place =
        system.router.trust == .params ? "\(deploymentFolder(api))/certificates" : "\(api.name)/\(API.certificates)"
      for backend in backends {
        // All that the router may believe this backend by: the global bundle counts no more.
        let pem = try PEM.text(system.anchors(of: backend, supply))
        folder.artefacts.append(Artefact("\(place)/\(Self.file(backend))", pem.utf8))
      }
      let endpoints = api.endpoints.compactMap { endpoint in
        backends.first { $0.endpoint.isSameServer(as: endpoint) }.map { (endpoint.url, $0) }
      }
      if system.router.trust == .params {
        try addParams(api, endpoints, to: &folder)
      } else {
        try addList(api, endpoints, to: &folder)
      }
    }

    static func file(_ backend: Backend) -> String { "\(backend.name).crt" }

    /// `endpoint_certificates.yaml`: the endpoints are compared letter by letter.
    private func addList(_ api: API, _ endpoints: [(url: String, Backend)], to folder: inout Delivery.Folder) throws {
      let reference = api.file(API.certificateList)
      let present = supply.files[reference.path]
      var assignments: [YAMLAssignment] = []
      if present == nil {
        assignments.append(YAMLAssignment(path: ["type"], value: .text("endpoint_certificates")))
        assignments.append(YAMLAssignment(path: ["version"], value: .text(Self.formatVersion)))
      }
      for (url, backend) in endpoints {
        let item: [YAMLStep] = ["data", .item(key: "endpoint", equals: url)]
        assignments.append(YAMLAssignment(path: item + ["alias"], value: .text(backend.name)))
        assignments.append(YAMLAssignment(path: item + ["certificate"], value: .text(Self.file(backend))))
      }
      folder.artefacts.append(
        try merged("\(api.name)/\(API.certificateList)", reference, present, assignments))
    }

    /// `params.yaml`, which apictl resolves on import.
    private func addParams(_ api: API, _ endpoints: [(url: String, Backend)], to folder: inout Delivery.Folder) throws {
      let place = deploymentFolder(api)
      let present = api.params.flatMap { supply.files[$0.path] }
      if let params = api.params { _ = try supply.files[params] }
      let configs: [YAMLStep] = [
        "environments", .item(key: "name", equals: system.router.environment), "configs", "certs",
      ]
      var assignments: [YAMLAssignment] = []
      for (url, backend) in endpoints {
        let item = configs + [.item(key: "hostName", equals: url)]
        assignments.append(YAMLAssignment(path: item + ["alias"], value: .text(backend.name)))
        assignments.append(YAMLAssignment(path: item + ["path"], value: .text(Self.file(backend))))
      }
      let reference = api.params ?? api.file("params.yaml")
      folder.artefacts.append(try merged("\(place)/params.yaml", reference, present, assignments))
      if present == nil {
        let meta = try Self.text([
          (["name"], .text(api.name)), (["version"], .text(version(api))),
        ])
        folder.artefacts.append(Artefact("\(place)/api_meta.yaml", meta.utf8))
      }
    }

    private func merged(
      _ path: String, _ reference: InputReference, _ present: [UInt8]?, _ assignments: [YAMLAssignment]
    ) throws(FleetError) -> Artefact {
      do {
        var editor = try YAMLEditor(present ?? [])
        try editor.set(assignments)
        return Artefact(path, editor.text.utf8, role: present == nil ? .file : .merged(into: reference.path))
      } catch {
        throw FleetError(error, in: reference)
      }
    }

    // MARK: - A project

    static let formatVersion = "v4.0.0"

    /// What `apictl init` makes, as far as this API needs it, with its endpoints.
    private func addProject(_ api: API, to folder: inout Delivery.Folder) throws {
      let endpoints: [YAMLValue] = api.endpoints.map { .mapping(["url": .text($0.url)]) }
      let only = endpoints.count == 1 ? endpoints.first : nil
      let definition = try Self.text([
        (["type"], .text("api")), (["version"], .text(Self.formatVersion)), (["data", "name"], .text(api.name)),
        (["data", "version"], .text(Self.apiVersion)), (["data", "context"], .text("/\(api.name.lowercased())")),
        (["data", "type"], .text("HTTP")), (["data", "lifeCycleStatus"], .text("PUBLISHED")),
        (["data", "endpointImplementationType"], .text("ENDPOINT")),
        (["data", "endpointConfig", "endpoint_type"], .text(only == nil ? "load_balance" : "http")),
        (["data", "endpointConfig", "production_endpoints"], only ?? .list(endpoints)),
      ])
      folder.artefacts.append(Artefact("\(api.name)/api.yaml", definition.utf8))
      let response: YAMLValue = .mapping(["responses": .mapping(["200": .mapping(["description": .text("OK")])])])
      let methods = ["get", "put", "post", "delete", "patch"]
      let swagger = try Self.text(
        [
          (["openapi"], .text("3.0.1")), (["info", "title"], .text(api.name)),
          (["info", "version"], .text(Self.apiVersion)),
        ] + methods.map { (["paths", "/*", .key($0)], response) })
      folder.artefacts.append(Artefact("\(api.name)/Definitions/swagger.yaml", swagger.utf8))
      let environments = try Self.text([
        (["type"], .text("deployment_environments")), (["version"], .text(Self.formatVersion)),
        (
          ["data"],
          .list([.mapping(["displayOnDevportal": .flag(true), "deploymentEnvironment": .text("Default")])])
        ),
      ])
      folder.artefacts.append(Artefact("\(api.name)/deployment_environments.yaml", environments.utf8))
    }

    private static let apiVersion = "1.0.0"

    private static func text(_ values: [([YAMLStep], YAMLValue)]) throws(FormatError) -> String {
      var editor = try YAMLEditor([])
      try editor.set(values.map { YAMLAssignment(path: $0.0, value: $0.1) })
      return editor.text
    }

    /// As the project's definition says it.
    private func version(_ api: API) -> String {
      guard let bytes = supply.files[api.file("api.yaml").path], let tree = try? YAMLTree.document(bytes) else {
        return Self.apiVersion
      }
      let version = tree.at("data", "version")?.text ?? Self.apiVersion
      return version.contains("/") ? Self.apiVersion : version
    }

    private func deploymentFolder(_ api: API) -> String { "DeploymentArtifacts_\(api.name)-\(version(api))" }

    // MARK: - Commands

    private func exists(_ api: API) -> Bool { supply.files[api.file("api.yaml").path] != nil }

    private func deployment(_ api: API) -> String {
      let environment = ShellWord.quoted(system.router.environment)
      // The project has another path from here than from the fleet file.
      let project = exists(api) ? "\"$API_PROJECT\"" : ShellWord.quoted(api.name)
      if system.router.trust == .params {
        return "apictl import api --file \(project) --environment \(environment) --update "
          + "--params \(ShellWord.quoted(deploymentFolder(api)))"
      }
      return "apictl mg deploy api --file \(project) --environment \(environment) --override"
    }

    private func steps(_ api: API) -> [Delivery.Step] {
      var steps: [Delivery.Step] = []
      if exists(api) {
        steps.append(
          Delivery.Step(
            "Say where the project of \(api.name) is: as the fleet file names it, relative to that file.",
            "export API_PROJECT=\(ShellWord.quoted(api.project))"))
        if system.router.trust == .project {
          steps.append(
            Delivery.Step("Put the new files into it.", "cp -R \(ShellWord.quoted(api.name))/. \"$API_PROJECT\"/"))
        }
      }
      steps.append(
        Delivery.Step("Deploy \(api.name) again: its trust changes with that, and nothing restarts.", deployment(api)))
      return steps
    }
  }
}
