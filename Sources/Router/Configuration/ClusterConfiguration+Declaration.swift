import Credentials
import Formats

extension ClusterConfiguration {
  /// A cluster whose schema was checked.
  init(_ declared: Declaration, in folder: ConfigurationFolder) throws(DeclarationError) {
    self.init(
      name: try declared.required("name"), endpoints: try Self.endpoints(declared),
      protocol: declared.text("protocol").flatMap { ClusterProtocol(rawValue: $0) } ?? .http1,
      balance: declared.text("balance").flatMap { Balancing(rawValue: $0) } ?? .roundRobin,
      outlier: OutlierRule(declared.object("outlier")), sendsProxyHeader: declared.text("proxyProtocol") != nil)
    resolve = declared.duration("resolve") ?? resolve
    connectTimeout = declared.duration("connectTimeout") ?? connectTimeout
    answerTimeout = declared.text("answerTimeout") == "none" ? nil : declared.duration("answerTimeout") ?? answerTimeout
    retries = declared.number("retries") ?? retries
    if let settings = declared.object("tls") {
      tls = try UpstreamTLS(settings, in: folder, protocols: `protocol` == .http2 ? ["h2"] : [])
      try checkServerNames(declared, settings)
    }
    if let check = declared.object("health") {
      health = try HealthCheck(check, hasTLS: tls != nil)
      if health?.kind == .http, `protocol` == .postgres {
        throw DeclarationError(
          "a server that speaks postgres answers no request", advice: "say kind: tcp or kind: tls",
          at: check.place(of: "kind"))
      }
    }
  }

  private static func endpoints(_ declared: Declaration) throws(DeclarationError) -> [EndpointLocation] {
    var endpoints: [EndpointLocation] = []
    for (text, place) in declared.texts("endpoints") {
      guard let endpoint = EndpointLocation(text) else {
        throw DeclarationError("\"\(text)\" is not a valid endpoint", at: place)
      }
      guard !endpoints.contains(endpoint) else {
        throw DeclarationError("\(endpoint) stands twice", advice: "leave the second one out", at: place)
      }
      endpoints.append(endpoint)
    }
    guard !endpoints.isEmpty else {
      throw DeclarationError(
        "the cluster has no endpoints", advice: "for example endpoints: [\"10.0.0.1:5432\"]",
        at: declared.place(of: "endpoints"))
    }
    return endpoints
  }

  private func checkServerNames(_ declared: Declaration, _ settings: Declaration) throws(DeclarationError) {
    guard tls?.name == nil else { return }
    for (text, place) in declared.texts("endpoints") {
      switch EndpointLocation(text) {
      case .unix:
        throw DeclarationError(
          "\(text) says no name that its certificate could be checked for",
          advice: "tls: {name: HOST} says which name to verify", at: place)
      // Whoever answers for DNS would choose whom to trust (RFC 9525 §6.1).
      case .service:
        throw DeclarationError(
          "\(text) leads to names that DNS says, and nobody vouches for",
          advice: "tls: {name: HOST} says which name to verify", at: place)
      default: continue
      }
    }
  }
}

extension UpstreamTLS {
  init(_ declared: Declaration, in folder: ConfigurationFolder, protocols: [String]) throws(DeclarationError) {
    self.init(
      trust: folder.resolved(try declared.required("trust")), name: declared.text("name"),
      revocation: try RevocationSource(declared, in: folder), settings: try TLSSettings(declared, protocols: protocols))
    if let files = declared.object("identity") { identity = try IdentityFiles(files, in: folder) }
  }
}

extension HealthCheck {
  init(_ declared: Declaration, hasTLS: Bool) throws(DeclarationError) {
    let name = try declared.required("kind")
    guard let kind = Kind(rawValue: name) else {
      throw DeclarationError("unknown value \"\(name)\"", at: declared.place(of: "kind"))
    }
    self.init(kind: kind)
    if kind == .tls, !hasTLS {
      throw DeclarationError(
        "a handshake is to succeed, and the cluster has no tls", advice: "say kind: tcp, or give the cluster tls",
        at: declared.place(of: "kind"))
    }
    for key in ["path", "status"] where kind != .http && declared.tree[key] != nil {
      throw DeclarationError(
        "\(key) is for kind: http", advice: "leave it out, or say kind: http", at: declared.place(of: key))
    }
    path = declared.text("path") ?? path
    if let list = declared.tree["status"] {
      status = (list.items ?? []).compactMap(\.number)
      guard !status.isEmpty else {
        throw DeclarationError("no answer would count as health", advice: "for example status: [200]", at: list.place)
      }
    }
    every = declared.duration("every") ?? every
    timeout = declared.duration("timeout") ?? timeout
    healthyAfter = declared.number("healthyAfter") ?? healthyAfter
    unhealthyAfter = declared.number("unhealthyAfter") ?? unhealthyAfter
  }
}

extension OutlierRule {
  init(_ declared: Declaration?) {
    self.init()
    failures = declared?.number("failures") ?? failures
    duration = declared?.duration("for") ?? duration
  }
}
