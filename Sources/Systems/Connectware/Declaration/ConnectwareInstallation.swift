package import Formats

/// The installation of Connectware that the agents dial.
package struct ConnectwareInstallation: Sendable {
  package enum Mode: String, CaseIterable, Sendable { case helm, docker }

  package var mode: Mode
  /// Nil for Docker alone.
  package var namespace: String?
  package var release: String
  package var chart: ChartReference
  package var authority: AuthorityDeclaration?
  /// Of its own release.
  package var values: InputReference?
  /// Docker's `.env`.
  package var environment: InputReference?
  package var customAuthority: CustomAuthority?

  package static let fields: [Field] = [
    Field("namespace", .text(.label), "The namespace of Connectware."),
    Field("release", .text(.label), "The Helm release of Connectware; connectware."),
    Field("chart", .text(.chart), "The chart of Connectware, as Helm finds it; cybus/connectware."),
    Field("version", .text(.version), "The version of that chart, for the commands."),
    Field("mode", .choice(Mode.allCases.map(\.rawValue)), "How Connectware runs; helm."),
    Field(
      "authority", .object(AuthorityDeclaration.fields),
      "Who signs the agents' certificates: cybus_ca.crt and cybus_ca.key of Connectware, or any other."),
    Field("values", .text(.path), "The values file of Connectware's own release, to switch mTLS on in."),
    Field("env", .text(.path), "The .env file of Connectware in Docker."),
    Field(
      "customCA", .object(CustomAuthority.fields),
      "An authority that Connectware is to trust beside its own, and a server certificate by it."),
  ]

  init(_ declaration: Declaration) throws(FleetError) {
    mode = declaration.text("mode").flatMap(Mode.init) ?? .helm
    namespace = declaration.text("namespace")
    release = declaration.text("release") ?? "connectware"
    chart = ChartReference(declaration.text("chart") ?? "connectware", version: declaration.text("version"))
    authority = if let object = declaration.object("authority") { try AuthorityDeclaration(object) } else { nil }
    values = declaration.input("values")
    environment = declaration.input("env")
    customAuthority = if let object = declaration.object("customCA") { try CustomAuthority(object) } else { nil }
    try check(declaration)
  }

  private func check(_ declaration: Declaration) throws(FleetError) {
    switch mode {
    case .helm:
      guard namespace != nil else {
        throw FleetError(
          "the key \"namespace\" is missing", advice: "name the namespace of Connectware", at: declaration.place)
      }
      if let environment {
        throw FleetError("env is Docker's", advice: "say mode: docker, or leave it out", at: environment.place)
      }
    case .docker:
      if let values {
        throw FleetError("values are Helm's", advice: "say mode: helm, or leave them out", at: values.place)
      }
      guard environment != nil else {
        throw FleetError(
          "the key \"env\" is missing", advice: "name the .env file beside docker-compose.yml", at: declaration.place)
      }
    }
    if let customAuthority, customAuthority.bundle == nil, !isFromFile {
      throw FleetError(
        "the key \"bundle\" is missing: without cybus_ca.crt, what Connectware trusts now would be forgotten",
        advice: "fetch cybus_ca.crt from the auth-server and name it", at: customAuthority.place)
    }
  }

  /// Whether the authority is one of files: Connectware's own.
  private var isFromFile: Bool { if case .files? = authority?.source { true } else { false } }
}

/// An authority of the operator's own in Connectware's trust store.
package struct CustomAuthority: Sendable {
  package var place: YAMLTree.Place
  /// `cybus_ca.crt` as it was fetched; nil where it is the authority's own certificate.
  package var bundle: InputReference?
  /// Nil to add the authority that signs the agents.
  package var chain: InputReference?
  package var server: (certificate: InputReference, key: InputReference)?

  package static let fields: [Field] = [
    Field("bundle", .text(.path), "cybus_ca.crt as Connectware has it now; the authority's own certificate."),
    Field("chain", .text(.path), "The certificates to add, ca-chain.pem; those of the authority that signs."),
    Field("serverCert", .text(.path), "A new server certificate for Connectware, by the custom authority."),
    Field("serverKey", .text(.path), "The private key of that certificate."),
  ]

  init(_ declaration: Declaration) throws(FleetError) {
    place = declaration.place
    bundle = declaration.input("bundle")
    chain = declaration.input("chain")
    switch (declaration.input("serverCert"), declaration.input("serverKey")) {
    case (nil, nil): server = nil
    case (let certificate?, let key?): server = (certificate, key)
    default:
      throw FleetError(
        "serverCert and serverKey belong together", advice: "name both, or neither", at: declaration.place)
    }
  }

  var inputs: [InputReference] { [bundle, chain, server?.certificate, server?.key].compactMap { $0 } }
}

/// A chart as Helm's commands name it.
package struct ChartReference: Hashable, Sendable {
  /// Its own name, which the names of its objects begin with.
  package var name: String
  /// With its repository.
  package var location: String
  package var version: String?

  /// - Parameter text: a name in the vendor's repository, or `REPOSITORY/NAME`, `oci://…`.
  package init(_ text: String, version: String?) {
    name = text.split(separator: "/").last.map(String.init) ?? text
    location = text.contains("/") ? text : "cybus/\(text)"
    self.version = version
  }
}

extension TextForm {
  static let chart = TextForm("chart") { text in
    KubernetesName.problem(of: ChartReference(text, version: nil).name, limit: 63)
  }
}
