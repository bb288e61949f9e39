package import Formats

extension Substra {
  /// What the fleet file says of the orchestrator.
  package struct Orchestrator: Sendable {
    /// The CAs of an organization that has its certificates from elsewhere.
    package struct ClientCAs: Sendable {
      package let mspID: String
      package let files: [InputReference]
      package let place: YAMLTree.Place
    }

    package let release: String
    package let namespace: String
    package let chart: ChartVersion
    /// What backends dial.
    package let host: String
    package let ingressHost: String?
    package let port: Int?
    package let values: InputReference?
    /// Nil where the fleet file says nothing.
    package let verifiesMSPID: Bool?
    package let clientCAs: [ClientCAs]
    package let source: Node.Source
    package let place: YAMLTree.Place

    package static let fields: [Field] =
      [
        Field("release", .text(.label), required: true, "The Helm release."),
        Field("namespace", .text(.label), required: true, "Its namespace."),
        Field("chart", .text(.version), required: true, "The version of the chart substra/orchestrator."),
        Field("host", .text(.host), required: true, "The host that backends dial."),
        Field("ingressHost", .text(.host), "The host of its ingress (ingress.hostname), where it has one."),
        Field("port", .number(1...65535), "The port that backends dial; theirs is kept where nothing is said."),
        Field("values", .text(.path), "Its values file, into which the settings are merged."),
        Field(
          "verifyClientMSPID", .flag,
          "Whether a backend must prove the MSP ID that it claims; true, unless its values file says otherwise."),
        Field(
          "clientCAs", .map(.list(.text(.path))),
          "The CA certificates of organizations that are signed for elsewhere, by MSP ID."),
      ] + Schema.nodeFields

    init(_ declaration: Declaration) throws(FleetError) {
      release = try Substra.release(declaration)
      namespace = try declaration.required("namespace")
      chart = try Substra.chart(declaration, from: "5.0.0")
      host = try Substra.host(declaration)
      ingressHost = declaration.text("ingressHost")
      port = declaration.number("port")
      values = declaration.input("values")
      verifiesMSPID = declaration.flag("verifyClientMSPID")
      source = try declaration.source()
      place = declaration.place
      var clientCAs: [ClientCAs] = []
      for entry in declaration.entries("clientCAs") {
        let files = (entry.value.items ?? []).compactMap { item in item.text.map { InputReference($0, at: item.place) }
        }
        guard !files.isEmpty else {
          throw FleetError(
            "no CA is named for \(entry.key)", advice: "name at least one file, or leave the organization out",
            at: entry.place)
        }
        clientCAs.append(ClientCAs(mspID: entry.key, files: files, place: entry.place))
      }
      self.clientCAs = clientCAs
    }
  }

  static func release(_ declaration: Declaration) throws(FleetError) -> String {
    let release = try declaration.required("release")
    guard release.utf8.count <= 53 else {
      throw FleetError(
        "\"\(release)\" is longer than 53 characters, and Helm takes no such release",
        advice: "`helm list` shows the name of the release", at: declaration.place(of: "release"))
    }
    return release
  }

  static func chart(_ declaration: Declaration, from oldest: String) throws(FleetError) -> ChartVersion {
    let text = try declaration.required("chart")
    guard let version = ChartVersion(text), let limit = ChartVersion(oldest), version >= limit else {
      throw FleetError(
        "the chart \(text) has other values than those that are written here",
        advice: "upgrade it to \(oldest) or later first", at: declaration.place(of: "chart"))
    }
    return version
  }

  static func host(_ declaration: Declaration) throws(FleetError) -> String {
    let host = try declaration.required("host")
    guard !host.hasPrefix("*.") else {
      throw FleetError(
        "\"\(host)\" can't be dialled", advice: "give the one name that is, without a wildcard",
        at: declaration.place(of: "host"))
    }
    return host
  }
}
