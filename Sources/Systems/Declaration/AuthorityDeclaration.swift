package import Credentials
package import Formats

/// Where the certificates of a fleet, or of one system, come from.
package struct AuthorityDeclaration: Hashable, Sendable {
  package enum Source: Hashable, Sendable {
    /// In a home, and made there on the first apply: `home` nil for the one of the command line.
    case home(String?, name: String?)
    /// A certificate and its key in files.
    case files(certificate: InputReference, key: InputReference)
    /// A company's own PKI: requests go out, certificates come back. `trust` holds its roots.
    case external(trust: InputReference?)
    /// A running orchestrator.
    case orchestrator(String)
  }

  package var source: Source
  package var place: YAMLTree.Place

  package static let fields: [Field] = [
    Field("name", .text(.any), "The authority's common name; it is made on the first apply."),
    Field("home", .text(.path), "The folder of an authority, made there on the first apply."),
    Field("orchestrator", .text(.any), "The URL of a running orchestrator that signs."),
    Field(
      "external", .flag, "Certificates come from elsewhere: requests are written, and what comes back is delivered."),
    Field("trust", .text(.path), "The root certificates of an external authority."),
    Field("cert", .text(.path), "The certificate of an authority that exists in files."),
    Field("key", .text(.path), "The private key of that certificate."),
  ]

  package init(_ declaration: Declaration) throws(FleetError) {
    place = declaration.place
    let given = Set((declaration.tree.entries ?? []).map(\.key))
    switch given {
    case ["name"], ["home"], ["name", "home"]:
      source = .home(declaration.text("home"), name: declaration.text("name"))
    case ["orchestrator"]:
      source = .orchestrator(try declaration.required("orchestrator"))
    case ["external"], ["external", "trust"]:
      guard declaration.flag("external") == true else {
        throw FleetError("external can only be true", at: declaration.place(of: "external"))
      }
      source = .external(trust: declaration.input("trust"))
    case ["cert", "key"]:
      guard let certificate = declaration.input("cert"), let key = declaration.input("key") else { fallthrough }
      source = .files(certificate: certificate, key: key)
    default:
      throw FleetError(
        "an authority is given in one of five ways",
        advice: "{name: N}, {home: DIR}, {orchestrator: URL}, {external: true} or {cert: FILE, key: FILE}",
        at: declaration.place)
    }
  }
}

/// What holds for all nodes that say nothing else.
package struct FleetDefaults: Hashable, Sendable {
  package var lifetime: Duration = .seconds(90 * 86_400)
  package var renewBefore: Duration = .seconds(30 * 86_400)
  /// Nil where the fleet file says nothing: a system may have a habit of its own.
  package var key: KeyKind?

  package init() {}

  package static let fields: [Field] = [
    Field("lifetime", .text(.duration), "How long certificates are valid; 90d."),
    Field("renewBefore", .text(.duration), "How long before its end a certificate is renewed; 30d."),
    Field("key", .choice(KeyKind.allCases.map(\.rawValue)), "The kind of key that nodes get; p256."),
  ]

  package init(_ declaration: Declaration) throws(FleetError) {
    if let lifetime = declaration.duration("lifetime") {
      self.lifetime = lifetime
      // A third of the lifetime, where nothing else is said, leaves room for a short one.
      renewBefore = min(renewBefore, lifetime / 3)
    }
    if let renewBefore = declaration.duration("renewBefore") { self.renewBefore = renewBefore }
    key = declaration.text("key").flatMap(KeyKind.init(rawValue:))
    guard renewBefore < lifetime else {
      throw FleetError(
        "renewBefore (\(renewBefore.operatorText)) is not shorter than lifetime (\(lifetime.operatorText)): "
          + "each certificate would be due for renewal at once", at: declaration.place)
    }
  }
}
