import Formats

extension ChoreoConnect {
  /// An API with its backends.
  struct API: Sendable {
    /// Where the projects of all APIs are delivered.
    static let folder = "apis"

    let name: String
    let project: String
    let params: InputReference?
    var endpoints: [Endpoint]
    let place: YAMLTree.Place

    static func add(_ entry: Declaration, endpoint: Endpoint, to apis: inout [API]) throws(FleetError) {
      guard let name = entry.text("api") else { return }
      let place = entry.place(of: "api")
      if let index = apis.firstIndex(where: { $0.name == name }) {
        guard !apis[index].endpoints.contains(where: { $0.url == endpoint.url }) else {
          throw FleetError(
            "the API \(name) has this endpoint already", advice: "leave the second out", at: endpoint.place)
        }
        apis[index].endpoints.append(endpoint)
        return
      }
      if name.hasPrefix(".") || name.contains("/") || name.contains(where: \.isWhitespace) || name.utf8.contains(0) {
        throw FleetError(
          "\"\(name)\" can't be the name of an API", advice: "leave out spaces, slashes, and a dot in front", at: place)
      }
      if let other = apis.first(where: { $0.name.lowercased() == name.lowercased() }) {
        throw FleetError(
          "the APIs \(other.name) and \(name) would share a folder", advice: "spell the name in one way", at: place)
      }
      apis.append(
        API(
          name: name, project: entry.text("project") ?? name, params: entry.input("params"), endpoints: [endpoint],
          place: place))
    }

    func serves(_ backend: Backend) -> Bool { endpoints.contains { $0.isSameServer(as: backend.endpoint) } }

    static let certificates = "Endpoint-certificates"
    static let certificateList = "\(certificates)/endpoint_certificates.yaml"

    /// A file of the project, which may be missing.
    func file(_ path: String) -> InputReference { InputReference("\(project)/\(path)", at: place, isOptional: true) }

    func inputs(_ trust: TrustPlacement) -> [InputReference] {
      [file("api.yaml"), file(Self.certificateList)] + (params.map { trust == .params ? [$0] : [] } ?? [])
    }
  }
}
