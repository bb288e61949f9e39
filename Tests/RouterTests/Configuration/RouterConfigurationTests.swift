import Credentials
import Formats
import Logging
import Router
import Testing

@Suite("router.yaml")
struct RouterConfigurationTests {
  @Test("what is left out has the defaults of the reference")
  func defaults() throws {
    let configuration = try RouterYAML.parse(RouterYAML.listener("name: l, listen: \"127.0.0.1:80\", to: c"))
    let listener = ListenerConfiguration(
      name: "l", listen: .address(ListenAddress(host: "127.0.0.1", port: 80)), protocol: .tcp, to: "c")
    let cluster = ClusterConfiguration(name: "c", endpoints: [.host("10.0.0.1", port: 1)])
    #expect(configuration == RouterConfiguration(listeners: [listener], clusters: [cluster]))
    #expect(configuration.workers == nil && configuration.admin == nil && configuration.drain == .seconds(30))
    #expect(configuration.log == LogConfiguration(level: .info, access: .all))
    #expect(listener.tls.min == .tls13 && listener.tls.max == .tls13 && listener.tls.alpn.isEmpty)
    #expect(listener.tls.groups.map(\.codePoint) == [0x11ec, 0x001d, 0x0017, 0x0018])
    #expect(listener.limits.connections == 10_000 && listener.limits.idle == .seconds(3600))
    #expect(listener.limits.header == 32_768 && listener.limits.body == nil)
    #expect(cluster.resolve == .seconds(30) && cluster.connectTimeout == .seconds(5) && cluster.retries == 1)
    #expect(cluster.outlier == OutlierRule(failures: 5, duration: .seconds(30)) && !cluster.sendsProxyHeader)
    #expect(cluster.answerTimeout == .seconds(60))
    #expect(HealthCheck(kind: .http).status == [200] && HealthCheck(kind: .http).path == "/")
  }

  @Test("the keys of the whole file are read, and paths are relative to its folder")
  func globals() throws {
    let configuration = try RouterYAML.parse(
      """
      admin: run/admin.sock
      workers: 4
      user: countersign
      group: 1000
      drain: 2m
      log: {level: debug, access: off}
      \(RouterYAML.listener("name: l, listen: \"systemd:mqtt\", to: c"))
      """)
    #expect(configuration.admin == "etc/run/admin.sock" && configuration.workers == 4)
    #expect(configuration.user == "countersign" && configuration.group == "1000")
    #expect(configuration.drain == .seconds(120))
    #expect(configuration.log == LogConfiguration(level: .debug, access: .off))
    #expect(configuration.listeners.map(\.listen) == [.systemd("mqtt")])
  }

  @Test("a listener with everything is read whole")
  func listener() throws {
    let listener = try #require(
      try RouterYAML.parse(
        """
        listeners:
          - name: mqtt
            listen: "[::]:8883"
            protocol: postgres
            identity: {cert: pki/a.crt, key: /pki/a.key, passphraseFile: pass}
            clients:
              trust: ca.crt
              crl: [crl.pem, "http://pki.example/crl"]
              staleAfter: 1d
              whenStale: open
              allow: [{cn: "*-robots", org: ORG1}, {name: ops, fingerprint: "\(Self.colons)"}]
              deny: [{ip: 10.0.0.0/8}]
            tls:
              min: "1.2"
              ciphers: [TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256]
              groups: [P-384, X25519]
              alpn: [postgresql]
            limits: {connections: 5, perIdentity: 2, handshakesPerSecond: 9, handshakeTimeout: 3s, idle: none}
            proxyProtocol: {accept: any, from: [10.0.0.5, "fd00::/8"]}
            to: c
        \(RouterYAML.backend)
        """
      ).listeners.first)
    #expect(listener.listen == .address(ListenAddress(host: "::", port: 8883)) && listener.protocol == .postgres)
    #expect(
      listener.identity == IdentityFiles(certificate: "etc/pki/a.crt", key: "/pki/a.key", passphraseFile: "etc/pass"))
    let clients = try #require(listener.clients)
    #expect(clients.trust == "etc/ca.crt")
    #expect(
      clients.revocation
        == RevocationSource(
          locations: ["etc/crl.pem", "http://pki.example/crl"], staleAfter: .seconds(86_400), whenStale: .open))
    #expect(clients.rules.allow.map(\.description) == ["allow[0] cn=*-robots,org=ORG1", "ops"])
    #expect(clients.rules.allow.last?.conditions == [.fingerprint(String(repeating: "ab", count: 32))])
    #expect(clients.rules.deny.map(\.description) == ["deny[0] ip=10.0.0.0/8"])
    #expect(listener.tls.min == .tls12 && listener.tls.max == .tls13)
    #expect(listener.tls.ciphers.map(\.codePoint) == [0xcca8])
    #expect(listener.tls.groups == [.p384, .x25519] && listener.tls.alpn == ["postgresql"])
    #expect(
      listener.limits
        == ListenerLimits(
          connections: 5, perIdentity: 2, handshakesPerSecond: 9, handshakeTimeout: .seconds(3), idle: nil))
    #expect(listener.proxyProtocol?.accept == .any)
    #expect(listener.proxyProtocol?.from.map(\.text) == ["10.0.0.5/32", "fd00::/8"])
  }

  private static let colons = Array(repeating: "AB", count: 32).joined(separator: ":")

  @Test("an HTTP listener has headers and routes, and speaks both versions of HTTP")
  func http() throws {
    let listener = try #require(
      try RouterYAML.parse(
        """
        listeners:
          - name: api
            listen: api.example.org:443
            protocol: http
            identity: {cert: a, key: b}
            clients: {trust: ca, crl: crl.pem}
            limits: {header: 2048, body: 100, request: 5s}
            identityHeaders: [{header: X-Robot, value: cn}, {header: X-Address, value: ip}]
            forwardedClientCert: false
            routes:
              - {host: "*.example.org", path: /v1/, to: c, allow: [{any: true}]}
              - {to: c, deny: [{org: ORG2}]}
        \(RouterYAML.backend)
        """
      ).listeners.first)
    #expect(listener.to == nil && listener.tls.alpn == ["h2", "http/1.1"])
    #expect(listener.clients?.revocation == RevocationSource(locations: ["etc/crl.pem"]))
    #expect(listener.limits.header == 2048 && listener.limits.body == 100 && listener.limits.request == .seconds(5))
    #expect(
      listener.headers
        == IdentityHeaders(
          named: [
            IdentityHeader(name: "X-Robot", value: .commonName), IdentityHeader(name: "X-Address", value: .address),
          ], forwardedClientCert: false))
    #expect(listener.routes.map(\.path) == ["/v1/", nil] && listener.routes.map(\.to) == ["c", "c"])
    #expect(listener.routes.first?.host?.matches("A.Example.org") == true)
    #expect(listener.routes.last?.rules.deny.map(\.description) == ["deny[0] org=ORG2"])
  }

  @Test("passthrough is routed by SNI")
  func passthrough() throws {
    let listener = try #require(
      try RouterYAML.parse(
        RouterYAML.listener(
          "name: l, listen: \"0.0.0.0:443\", protocol: passthrough, routes: [{host: \"*.example\", to: c}]")
      ).listeners.first)
    #expect(listener.protocol == .passthrough && listener.routes.first?.host == DNSPattern("*.example"))
  }

  @Test("a cluster with everything is read whole")
  func cluster() throws {
    let cluster = try #require(
      try RouterYAML.parse(
        """
        listeners: [{name: l, listen: "unix:/run/l", protocol: http, to: c}]
        clusters:
          - name: c
            endpoints: ["b.example:1", "[fd00::1]:2", "unix:/run/b", "srv:_pg._tcp.example"]
            resolve: 1m
            tls: {trust: ca, identity: {cert: a, key: b}, name: b.example, crl: "https://pki.example/crl", min: "1.2"}
            protocol: http2
            balance: leastConnections
            health: {kind: http, path: /healthz, status: [200, 204], every: 5s, timeout: 1s, healthyAfter: 1}
            outlier: {failures: 2, for: 1m}
            connectTimeout: 1s
            answerTimeout: none
            retries: 0
            proxyProtocol: v2
        """
      ).clusters.first)
    #expect(
      cluster.endpoints
        == [.host("b.example", port: 1), .host("fd00::1", port: 2), .unix("/run/b"), .service("_pg._tcp.example")])
    let tls = try #require(cluster.tls)
    #expect(tls.trust == "etc/ca" && tls.name == "b.example")
    #expect(tls.identity == IdentityFiles(certificate: "etc/a", key: "etc/b"))
    #expect(tls.revocation?.locations == ["https://pki.example/crl"])
    #expect(tls.settings.min == .tls12 && tls.settings.alpn == ["h2"])
    #expect(cluster.protocol == .http2 && cluster.balance == .leastConnections && cluster.sendsProxyHeader)
    #expect(
      cluster.health
        == HealthCheck(
          kind: .http, path: "/healthz", status: [200, 204], every: .seconds(5), timeout: .seconds(1), healthyAfter: 1,
          unhealthyAfter: 3))
    #expect(cluster.outlier == OutlierRule(failures: 2, duration: .seconds(60)))
    #expect(cluster.resolve == .seconds(60) && cluster.connectTimeout == .seconds(1) && cluster.retries == 0)
    #expect(cluster.answerTimeout == nil)
  }

  @Test("a listener without TLS is only for this machine, or says that it is insecure")
  func plain() throws {
    for place in ["127.0.0.1:80", "127.9.9.9:80", "[::1]:80", "localhost:80", "unix:/s", "systemd:s"] {
      #expect(RouterYAML.errors(RouterYAML.listener("name: l, listen: \"\(place)\", to: c")).isEmpty, "\(place)")
    }
    for place in ["0.0.0.0:80", "[::]:80", "host:80", "10.0.0.1:80"] {
      #expect(!RouterYAML.errors(RouterYAML.listener("name: l, listen: \"\(place)\", to: c")).isEmpty, "\(place)")
      let said = RouterYAML.listener("name: l, listen: \"\(place)\", insecurePlain: true, to: c")
      #expect(RouterYAML.errors(said).isEmpty, "\(place)")
    }
  }

  @Test("a listener may take every client, where it says that this is insecure")
  func anyClient() throws {
    let yaml = RouterYAML.listener(
      "name: l, listen: \"0.0.0.0:443\", identity: {cert: a, key: b}, insecureAnyClient: true, to: c")
    let listener = try RouterYAML.parse(yaml).listeners.first
    #expect(listener?.identity != nil && listener?.clients == nil)
  }

  @Test("listeners whose port the system chooses don't take each other's, and unused clusters are no mistake")
  func chosenPorts() {
    let yaml = """
      listeners: [{name: a, listen: "127.0.0.1:0", to: c}, {name: b, listen: "127.0.0.1:0", to: c}]
      clusters: [{name: c, endpoints: ["10.0.0.1:1"]}, {name: unused, endpoints: ["10.0.0.1:1"]}]
      """
    #expect(RouterYAML.errors(yaml).isEmpty)
  }
}
