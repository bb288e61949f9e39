import Formats

/// Whether the keys of a listener fit each other. Nothing that is written may go without effect, and what weakens the
/// listener has to be said.
struct ListenerChecks {
  private let declared: Declaration
  private let listen: ListenLocation
  private let spoken: ListenerProtocol

  init(_ declared: Declaration, listen: ListenLocation, spoken: ListenerProtocol) {
    self.declared = declared
    self.listen = listen
    self.spoken = spoken
  }

  func run() throws(DeclarationError) {
    if spoken == .passthrough {
      try checkPassthrough()
    } else if has("identity") {
      try checkClients()
    } else {
      try checkPlain()
    }
    try checkForwarding()
    try checkHTTP()
    if has("proxyProtocol"), case .unix = listen {
      throw problem(
        "proxyProtocol on a Unix socket, whose peers have no address",
        advice: "leave it out, or listen on an address", at: "proxyProtocol")
    }
  }

  // MARK: TLS

  private func checkPassthrough() throws(DeclarationError) {
    for key in ["identity", "clients", "tls", "insecureAnyClient", "insecurePlain"] where has(key) {
      throw problem(
        "\(key) on a listener that passes TLS through without terminating it",
        advice: "leave it out, or say protocol: tcp", at: key)
    }
    try checkIdentityLimit()
  }

  private func checkClients() throws(DeclarationError) {
    if isSet("insecurePlain") {
      throw problem(
        "insecurePlain on a listener with TLS", advice: "leave it out, or the identity", at: "insecurePlain")
    }
    switch (has("clients"), isSet("insecureAnyClient")) {
    case (true, true):
      throw problem(
        "insecureAnyClient on a listener that demands client certificates", advice: "leave it out, or the clients",
        at: "insecureAnyClient")
    case (false, false):
      throw problem(
        "every client could connect: the listener has an identity and no clients",
        advice: "clients: {trust: FILE, allow: [...]} says whom it lets in; insecureAnyClient: true means everybody",
        at: "identity")
    case (false, true): try checkIdentityLimit()
    case (true, false): break
    }
  }

  private func checkPlain() throws(DeclarationError) {
    for key in ["clients", "tls", "insecureAnyClient"] where has(key) {
      throw problem(
        "\(key) without an identity: there is no TLS here", advice: "give it identity: {cert: FILE, key: FILE}", at: key
      )
    }
    try checkIdentityLimit()
    guard listen.isLocal || isSet("insecurePlain") else {
      throw problem(
        "no TLS on \(listen), which other machines reach",
        advice: "give it an identity, let it listen on 127.0.0.1 or a Unix socket, or say insecurePlain: true",
        at: "listen")
    }
  }

  private func checkIdentityLimit() throws(DeclarationError) {
    guard let limits = declared.object("limits"), limits.tree["perIdentity"] != nil else { return }
    throw DeclarationError(
      "perIdentity counts by client certificate, and the listener demands none", advice: "leave it out",
      at: limits.place(of: "perIdentity"))
  }

  // MARK: Forwarding

  private func checkForwarding() throws(DeclarationError) {
    let routes = declared.objects("routes")
    switch spoken {
    case .tcp, .postgres:
      if has("routes") {
        throw problem(
          "routes are for http and passthrough: \(spoken.rawValue) has nothing to be told apart by",
          advice: "name the cluster with to", at: "routes")
      }
      if !has("to") {
        throw DeclarationError(
          "the key \"to\" is missing", advice: "it names the cluster to forward to", at: declared.place)
      }
    case .http, .passthrough:
      if !has("to"), routes.isEmpty {
        throw DeclarationError(
          "nothing is forwarded: there is neither \"to\" nor a route", advice: "name the cluster with to",
          at: declared.place)
      }
    }
    guard spoken == .passthrough else { return }
    for route in routes {
      for key in ["path", "allow", "deny"] where route.tree[key] != nil {
        throw DeclarationError(
          "\(key) in a route of TLS that isn't terminated: only its SNI can be seen", advice: "leave it out",
          at: route.place(of: key))
      }
      if route.tree["host"] == nil {
        throw DeclarationError(
          "the key \"host\" is missing", advice: "a pattern of the SNI; what no route takes goes to the listener's to",
          at: route.place)
      }
    }
  }

  // MARK: HTTP

  private func checkHTTP() throws(DeclarationError) {
    guard spoken != .http else { return }
    for key in ["identityHeaders", "forwardedClientCert"] where has(key) {
      throw problem(
        "\(key) on a listener that speaks \(spoken.rawValue)", advice: "only with protocol: http there are headers",
        at: key)
    }
    guard let limits = declared.object("limits") else { return }
    for key in ["header", "body", "request"] where limits.tree[key] != nil {
      throw DeclarationError(
        "the limit \(key) on a listener that speaks \(spoken.rawValue)",
        advice: "only with protocol: http there are requests", at: limits.place(of: key))
    }
  }

  private func has(_ key: String) -> Bool { declared.tree[key] != nil }

  private func isSet(_ key: String) -> Bool { declared.flag(key) ?? false }

  private func problem(_ text: String, advice: String, at key: String) -> DeclarationError {
    DeclarationError(text, advice: advice, at: declared.place(of: key))
  }
}
