import Formats

extension ClusterConfiguration {
  static let fields: [Field] = [
    Field("name", .text(.plainName), required: true, "How listeners, logs and numbers call it."),
    Field(
      "endpoints", .list(.text(.endpoint)), required: true,
      "Where the backends are: `host:port`, `unix:/path`, or `srv:_service._tcp.example.org` for a name with SRV records."
    ),
    Field("resolve", .text(.interval), "How often names are resolved again; 30s."),
    Field("tls", .object(UpstreamTLS.fields), "How TLS is spoken with the backends; none is."),
    Field(
      "protocol", .choice(ClusterProtocol.allCases.map(\.rawValue)),
      "What requests from `http` are sent by, `http1` or `http2`; or `postgres`, whose servers are asked for TLS before it begins; http1."
    ),
    Field("balance", .choice(Balancing.allCases.map(\.rawValue)), "Which endpoint is next; roundRobin."),
    Field("health", .object(HealthCheck.fields), "How the endpoints are probed; they aren't."),
    Field("outlier", .object(OutlierRule.fields), "When an endpoint is left out for a while."),
    Field("connectTimeout", .text(.interval), "How long a connection to an endpoint may take, with its handshake; 5s."),
    Field(
      "answerTimeout", .text(.intervalOrNone),
      "How long an answer of HTTP may take to begin, or `none` for any time; 60s."),
    Field("retries", .number(0...5), "Further attempts, only before a byte has reached a backend; 1."),
    Field(
      "proxyProtocol", .choice(["v2"]),
      "Begins each connection with the PROXY protocol's header, which says who the client is, by address and certificate; none."
    ),
  ]
}

extension UpstreamTLS {
  static let fields: [Field] =
    [
      Field("trust", .text(.path), required: true, "The CA certificates that vouch for the backends, PEM."),
      Field("identity", .object(IdentityFiles.fields), "What the router shows of itself; nothing."),
      Field(
        "name", .text(.serverName),
        "The name that a backend's certificate must hold, also sent as SNI; the endpoint's host."),
    ] + RevocationSource.fields + TLSSettings.fields
}

extension HealthCheck {
  static let fields: [Field] = [
    Field(
      "kind", .choice(Kind.allCases.map(\.rawValue)), required: true,
      "What has to succeed: a connection, a handshake, a request."),
    Field("path", .text(.routePath), "What `http` asks for; /."),
    Field("status", .list(.number(100...599)), "The answers that `http` takes for health; 200."),
    Field("every", .text(.interval), "How often; 10s."),
    Field("timeout", .text(.interval), "How long an answer may take; 2s."),
    Field("healthyAfter", .number(1...100), "Successes in a row that make an endpoint healthy; 2."),
    Field("unhealthyAfter", .number(1...100), "Failures in a row that make it unhealthy; 3."),
  ]
}

extension OutlierRule {
  static let fields: [Field] = [
    Field("failures", .number(1...1000), "Failures in a row; 5."),
    Field("for", .text(.interval), "How long the endpoint is left out; 30s."),
  ]
}
