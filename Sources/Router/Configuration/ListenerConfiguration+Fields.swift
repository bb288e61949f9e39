import Formats

extension ListenerConfiguration {
  static let fields: [Field] = [
    Field("name", .text(.plainName), required: true, "How logs and numbers call it."),
    Field(
      "listen", .text(.listenLocation), required: true,
      "Where it listens: `host:port`, `unix:/path`, or `systemd:NAME` for a socket that systemd has bound."),
    Field(
      "protocol", .choice(ListenerProtocol.allCases.map(\.rawValue)),
      "What is spoken: `postgres` answers PostgreSQL's request for TLS before the handshake, and declines it where there is no TLS; with `passthrough` TLS isn't terminated but routed by its SNI; tcp."
    ),
    Field(
      "identity", .object(IdentityFiles.fields),
      "Its certificate. Without it there is no TLS: only locally, or with `insecurePlain`."),
    Field("clients", .object(ClientRules.fields), "Which client certificates it demands."),
    Field("insecureAnyClient", .flag, "Lets every client connect, without a certificate; false."),
    Field("insecurePlain", .flag, "Permits a listener without TLS on an address that others reach; false."),
    Field("tls", .object(TLSSettings.fields), "What it offers in a handshake."),
    Field("limits", .object(ListenerLimits.fields), "What clients may take of it."),
    Field("proxyProtocol", .object(ProxyAcceptance.fields), "What load balancers in front of it say of the client."),
    Field(
      "identityHeaders", .list(.object(IdentityHeader.fields)),
      "Headers that tell the backend who the client is. What a client sends by these names is removed."),
    Field("forwardedClientCert", .flag, "Whether X-Forwarded-Client-Cert tells it too; true."),
    Field("to", .text(.plainName), "The cluster to which it forwards what no route takes."),
    Field(
      "routes", .list(.object(RouteConfiguration.fields)),
      "For `http` and `passthrough`: which cluster gets what. The first that fits is taken."),
  ]
}

extension ClientRules {
  static let fields: [Field] =
    [Field("trust", .text(.path), required: true, "The CA certificates that vouch for clients, PEM.")]
    + RevocationSource.fields + IdentityRules.fields
}

extension ListenerLimits {
  static let fields: [Field] = [
    Field("connections", .number(1...1_000_000), "Connections at once; 10000."),
    Field("perIdentity", .number(1...1_000_000), "Connections at once of one client certificate; no limit."),
    Field("handshakesPerSecond", .number(1...1_000_000), "TLS handshakes that begin in a second; no limit."),
    Field("handshakeTimeout", .text(.interval), "How long a TLS handshake may take; 10s."),
    Field("idle", .text(.intervalOrNone), "How long a connection may lie idle, or `none` for any time; 1h."),
    Field("header", .number(1024...1_048_576), "Bytes of a request's head; 32768."),
    Field("body", .number(0...1_099_511_627_776), "Bytes of a request's body; no limit."),
    Field("request", .text(.interval), "From the first byte of a request's head to its last; 30s."),
  ]
}

extension ProxyAcceptance {
  static let fields: [Field] = [
    Field("accept", .choice(Versions.allCases.map(\.rawValue)), "Which version of the PROXY protocol; v2."),
    Field(
      "from", .list(.text(.addressRange)), required: true,
      "Who has to send its header. Connections from elsewhere are refused."),
  ]
}

extension IdentityHeader {
  static let fields: [Field] = [
    Field("header", .text(.headerName), required: true, "The header's name."),
    Field(
      "value", .choice(Value.allCases.map(\.rawValue)), required: true,
      "What it holds of the client's certificate."),
  ]
}

extension RouteConfiguration {
  static let fields: [Field] =
    [
      Field(
        "host", .text(.dnsPattern),
        "A pattern of the request's host or of the SNI: `*` stands for any run of characters without a dot; any host."),
      Field("path", .text(.routePath), "How the path begins; any path."),
      Field("to", .text(.plainName), required: true, "The cluster that gets it."),
    ] + IdentityRules.fields
}
