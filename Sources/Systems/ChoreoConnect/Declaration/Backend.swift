import Credentials
import Formats

extension ChoreoConnect {
  /// A server that the router dials.
  struct Backend: Sendable {
    /// Whom its trust store lets in.
    enum Accepted: String, CaseIterable, Hashable, Sendable {
      /// Each client that the router's authority vouches for: a renewed router is one.
      case authority
      /// The router's present certificate alone.
      case router
    }

    struct TrustStore: Sendable {
      let file: InputReference
      let password: InputReference
      let format: StoreFormat
    }

    /// The name of its node: its host, with the port where others share that.
    var name = ""
    let endpoint: Endpoint
    let source: Node.Source
    let store: TrustStore?
    let bundle: InputReference?
    let accepts: Accepted
    let place: YAMLTree.Place

    init(_ declaration: Declaration, endpoint: Endpoint) throws(FleetError) {
      self.endpoint = endpoint
      place = declaration.place
      let source = try declaration.source()
      if declaration.flag("selfSigned") == true {
        guard source == .issued else {
          throw FleetError(
            "selfSigned excludes csr and certificate", advice: "leave one out", at: declaration.place(of: "selfSigned"))
        }
        self.source = .selfSigned
      } else {
        self.source = source
      }
      store = try declaration.object("truststore").map { object throws(FleetError) in try TrustStore(object) }
      bundle = declaration.input("bundle", isOptional: true)
      accepts = declaration.text("accepts").flatMap(Accepted.init) ?? .authority
      if accepts == .router, store == nil {
        throw FleetError(
          "only a Java trust store can hold the router's certificate alone",
          advice: "name a truststore; servers that use OpenSSL need the authority",
          at: declaration.place(of: "accepts"))
      }
    }

    func identity() throws(FleetError) -> Identity {
      do {
        // A long host name is no common name, and nobody reads that.
        let name = endpoint.host.unicodeScalars.count <= 64 ? endpoint.host : "backend"
        return try Identity(commonName: name, names: [endpoint.name])
      } catch {
        throw FleetError(error.message, advice: error.hint, at: place)
      }
    }

    var inputs: [InputReference] {
      (store.map { [$0.file, $0.password] } ?? []) + (bundle.map { [$0] } ?? [])
    }

    /// Another API's entry for the same server says nothing more of the server.
    func checkNothingElse(in declaration: Declaration) throws(FleetError) {
      let repeated = ["selfSigned", "truststore", "bundle", "accepts", "csr", "certificate", "key"]
      guard let key = repeated.first(where: { declaration.tree[$0] != nil }) else { return }
      throw FleetError(
        "the server \(endpoint.address) stands in line \(place.line) already",
        advice: "say \(key) there; here, endpoint and api are enough", at: declaration.place(of: key))
    }
  }
}

extension ChoreoConnect.Backend.TrustStore {
  init(_ declaration: Declaration) throws(FleetError) {
    let path = try declaration.required("path")
    file = InputReference(path, at: declaration.place(of: "path"), isOptional: true)
    password = InputReference(
      try declaration.required("passwordFile"), at: declaration.place(of: "passwordFile"))
    switch path.split(separator: ".").last?.lowercased() {
    case "jks", "ks", "keystore", "truststore": format = .jks
    case "p12", "pfx": format = .pkcs12
    default:
      throw FleetError(
        "the format of \(path) can't be told from its ending", advice: "use .jks or .p12",
        at: declaration.place(of: "path"))
    }
  }
}
