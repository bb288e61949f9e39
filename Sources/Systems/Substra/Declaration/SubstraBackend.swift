package import Formats

extension Substra {
  /// What the fleet file says of a backend.
  package struct Backend: Sendable {
    /// Nil where the values file alone names it.
    package let org: String?
    package let release: String?
    package let namespace: String?
    package let chart: ChartVersion?
    package let host: String
    package let values: InputReference?
    package let source: Node.Source
    package let place: YAMLTree.Place

    package static let fields: [Field] =
      [
        Field("org", .text(.any), "The organization's MSP ID; else orchestrator.mspID of its values file."),
        Field("release", .text(.label), "The Helm release."),
        Field("namespace", .text(.label), "Its namespace."),
        Field("chart", .text(.version), "The version of the chart substra/substra-backend."),
        Field("host", .text(.host), required: true, "The backend's own host."),
        Field("values", .text(.path), "Its values file, into which the settings are merged."),
      ] + Schema.nodeFields

    init(_ declaration: Declaration) throws(FleetError) {
      source = try declaration.source()
      place = declaration.place
      org = declaration.text("org")
      host = try Substra.host(declaration)
      values = declaration.input("values")
      namespace = declaration.text("namespace")
      release = declaration.text("release") == nil ? nil : try Substra.release(declaration)
      chart = declaration.text("chart") == nil ? nil : try Substra.chart(declaration, from: "13.0.1")
      if org == nil, values == nil {
        throw FleetError(
          "the key \"org\" is missing", advice: "give the MSP ID, or the values file that holds orchestrator.mspID",
          at: place)
      }
      guard !isElsewhere else { return }
      for key in ["release", "namespace", "chart"] { _ = try declaration.required(key) }
    }

    /// Whether it belongs to another organization, whose cluster isn't ours.
    package var isElsewhere: Bool {
      if case .request = source { true } else { false }
    }
  }
}
