import Credentials
import Formats

extension ListenerConfiguration {
  /// A listener whose schema was checked.
  init(_ declared: Declaration, in folder: ConfigurationFolder) throws(DeclarationError) {
    let text = try declared.required("listen")
    guard let listen = ListenLocation(text) else {
      throw DeclarationError("\"\(text)\" is not a valid address", at: declared.place(of: "listen"))
    }
    let spoken = declared.text("protocol").flatMap { ListenerProtocol(rawValue: $0) } ?? .tcp
    try ListenerChecks(declared, listen: listen, spoken: spoken).run()
    self.init(
      name: try declared.required("name"), listen: listen, protocol: spoken,
      limits: ListenerLimits(declared.object("limits")),
      headers: try IdentityHeaders(declared), to: declared.text("to"))
    if let files = declared.object("identity") { identity = try IdentityFiles(files, in: folder) }
    if let rules = declared.object("clients") { clients = try ClientRules(rules, in: folder) }
    if let headers = declared.object("proxyProtocol") { proxyProtocol = try ProxyAcceptance(headers) }
    let protocols = spoken == .http && identity != nil ? ["h2", "http/1.1"] : []
    tls = try TLSSettings(declared.object("tls"), protocols: protocols)
    for route in declared.objects("routes") {
      let read = try RouteConfiguration(route)
      guard !routes.contains(where: { $0.host == read.host && $0.path == read.path }) else {
        throw DeclarationError(
          "an earlier route takes the same: this one is never reached",
          advice: "the first route that fits is taken", at: route.place)
      }
      routes.append(read)
    }
    try checkReach(declared)
  }

  private func checkReach(_ declared: Declaration) throws(DeclarationError) {
    guard let clients else {
      for route in declared.objects("routes") {
        for key in ["allow", "deny"] where route.tree[key] != nil {
          throw DeclarationError(
            "\(key) judges client certificates, and the listener demands none",
            advice: "give the listener clients, or leave \(key) out", at: route.place(of: key))
        }
      }
      return
    }
    guard clients.rules.allow.isEmpty, routes.allSatisfy(\.rules.allow.isEmpty) else { return }
    throw DeclarationError(
      "nobody could pass: no rule allows anybody",
      advice: "allow: [{any: true}] lets in whomever trust vouches for", at: declared.place(of: "clients"))
  }
}

extension ClientRules {
  init(_ declared: Declaration, in folder: ConfigurationFolder) throws(DeclarationError) {
    self.init(
      trust: folder.resolved(try declared.required("trust")), revocation: try RevocationSource(declared, in: folder),
      rules: try IdentityRules(declared))
  }
}

extension ListenerLimits {
  init(_ declared: Declaration?) {
    self.init()
    connections = declared?.number("connections") ?? connections
    perIdentity = declared?.number("perIdentity")
    handshakesPerSecond = declared?.number("handshakesPerSecond")
    handshakeTimeout = declared?.duration("handshakeTimeout") ?? handshakeTimeout
    idle = declared?.text("idle") == "none" ? nil : declared?.duration("idle") ?? idle
    header = declared?.number("header") ?? header
    body = declared?.number("body")
    request = declared?.duration("request") ?? request
  }
}

extension ProxyAcceptance {
  init(_ declared: Declaration) throws(DeclarationError) {
    let ranges = (declared.list("from") ?? []).compactMap { IPRange($0) }
    guard !ranges.isEmpty else {
      throw DeclarationError(
        "proxyProtocol names no load balancer: every connection would be refused",
        advice: "for example from: [10.0.0.5]", at: declared.place(of: "from"))
    }
    self.init(accept: declared.text("accept").flatMap { Versions(rawValue: $0) } ?? .v2, from: ranges)
  }
}

extension IdentityHeaders {
  init(_ declared: Declaration) throws(DeclarationError) {
    self.init(forwardedClientCert: declared.flag("forwardedClientCert") ?? true)
    var seen: Set<String> = forwardedClientCert ? ["x-forwarded-client-cert"] : []
    for header in declared.objects("identityHeaders") {
      let name = try header.required("header")
      guard let value = IdentityHeader.Value(rawValue: try header.required("value")) else { continue }
      guard seen.insert(name.lowercased()).inserted else {
        throw DeclarationError(
          "the header \(name) would be set twice",
          advice: "each has one value; forwardedClientCert sets X-Forwarded-Client-Cert", at: header.place(of: "header")
        )
      }
      named.append(IdentityHeader(name: name, value: value))
    }
  }
}

extension RouteConfiguration {
  init(_ declared: Declaration) throws(DeclarationError) {
    self.init(
      host: declared.text("host").map { DNSPattern($0) }, path: declared.text("path"), to: try declared.required("to"),
      rules: try IdentityRules(declared))
  }
}
