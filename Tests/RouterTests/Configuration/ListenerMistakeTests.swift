import Formats
import Router
import Testing

@Suite("mistakes in the listeners of router.yaml")
struct ListenerMistakeTests {
  /// The beginnings of listeners: one without TLS, one with, one that passes TLS through, and two that speak HTTP.
  private static let plain = "name: l, listen: \"unix:/s\", to: c"
  private static let mutual = "name: l, listen: \"[::]:443\", to: c, identity: {cert: a, key: b}"
  private static let http = "\(plain), protocol: http"
  private static let passing = "\(plain), protocol: passthrough"
  private static let api =
    "name: l, listen: \"[::]:443\", identity: {cert: a, key: b}, protocol: http, "
    + "clients: {trust: t, allow: [{any: true}]}"

  static let mistakes: [Mistake] = [
    .listener("\(plain), §proto: tcp", "unknown key \"proto\""),
    .listener("name: §a b, listen: \"unix:/s\", to: c", "\"a b\" is not a valid name: a name holds letters"),
    .listener("name: l, listen: §8443, to: c", "\"8443\" is not a valid address: addresses are written"),
    .listener("name: l, listen: §\"::1:80\", to: c", "\"::1:80\" is not a valid address: addresses are written"),
    .listener(
      "name: l, listen: §\"unix:s\", to: c",
      "\"unix:s\" is not a valid address: the path of a socket begins with a slash"),
    .listener("name: l, listen: §\"systemd:\", to: c", "\"systemd:\" is not a valid address: addresses are written"),
    .listener("\(plain), protocol: §udp", "unknown value \"udp\""),
    .listener("\(plain), limits: {connections: §0}", "0 is not within 1 to 1000000"),
    .listener("\(plain), limits: {idle: §never}", "\"never\" is not a valid duration: durations are written"),

    // Who may connect.
    .listener("name: l, listen: §\"0.0.0.0:80\", to: c", "no TLS on 0.0.0.0:80, which other machines reach"),
    .listener("\(plain), clients: §{trust: t, allow: [{any: true}]}", "clients without an identity"),
    .listener("\(plain), tls: §{alpn: [a]}", "tls without an identity"),
    .listener("\(plain), insecureAnyClient: §true", "insecureAnyClient without an identity"),
    .listener("name: l, listen: \"[::]:443\", to: c, identity: §{cert: a, key: b}", "every client could connect"),
    .listener(
      "\(mutual), clients: {trust: t, allow: [{any: true}]}, insecureAnyClient: §true",
      "insecureAnyClient on a listener that demands client certificates"),
    .listener("\(mutual), insecureAnyClient: true, insecurePlain: §true", "insecurePlain on a listener with TLS"),
    .listener("\(mutual), clients: §{trust: t}", "nobody could pass: no rule allows anybody"),
    .listener("\(mutual), clients: §{allow: [{any: true}]}", "the key \"trust\" is missing"),
    .listener("\(mutual), clients: {trust: t, allow: [§{}]}", "the rule has no condition"),
    .listener("\(mutual), clients: {trust: t, allow: [§{name: a, any: false}]}", "the rule has no condition"),
    .listener("\(mutual), clients: {trust: t, allow: [{cn: a, any: §true}]}", "any stands beside other conditions"),
    .listener(
      "\(mutual), clients: {trust: t, deny: [{ip: §10.0.0.0/33}]}", "\"10.0.0.0/33\" is not a valid address range"),
    .listener("\(mutual), clients: {trust: t, allow: [{fingerprint: §ab}]}", "\"ab\" is not a valid fingerprint"),
    .listener("\(mutual), clients: {trust: t, allow: [{dns: §a..b}]}", "\"a..b\" is not a valid pattern"),
    .listener("\(mutual), clients: {trust: t, allow: [{any: true}], staleAfter: §1d}", "staleAfter is for a CRL"),
    .listener("\(mutual), clients: {trust: t, allow: [{any: true}], crl: §[]}", "crl names nothing"),
    .listener(
      "\(mutual), clients: {trust: t, allow: [{any: true}], crl: §\"ldap://a/b\"}",
      "\"ldap://a/b\" is not a valid path or URL: CRLs are fetched by http or https"),
    .listener(
      "\(mutual), clients: {trust: t, allow: [{any: true}], crl: [a, §\"http:///b\"]}",
      "\"http:///b\" is not a valid path or URL: its host"),
    .listener("\(plain), limits: {perIdentity: §3}", "perIdentity counts by client certificate"),

    // TLS.
    .listener("\(mutual), insecureAnyClient: true, tls: {min: §\"1.1\"}", "\"1.1\" is not a valid TLS version"),
    .listener("\(mutual), insecureAnyClient: true, tls: {max: §\"1.2\"}", "max 1.2 is below min 1.3"),
    .listener(
      "\(mutual), insecureAnyClient: true, tls: {ciphers: §[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]}",
      "ciphers are for TLS 1.2, and min is 1.3"),
    .listener(
      "\(mutual), insecureAnyClient: true, tls: {min: \"1.2\", ciphers: [§TLS_RSA_WITH_RC4_128_MD5]}",
      "unknown value \"TLS_RSA_WITH_RC4_128_MD5\""),
    .listener("\(mutual), insecureAnyClient: true, tls: {groups: [§P-521]}", "unknown value \"P-521\""),
    .listener("\(mutual), insecureAnyClient: true, tls: {groups: [P-256, §P-256]}", "\"P-256\" stands twice"),
    .listener("\(mutual), insecureAnyClient: true, tls: {alpn: §[]}", "alpn names nothing"),

    // Passing through.
    .listener("\(passing), identity: §{cert: a, key: b}", "identity on a listener that passes TLS through"),
    .listener("\(passing), clients: §{trust: t}", "clients on a listener that passes TLS through"),
    .listener("\(passing), routes: [§{to: c}]", "the key \"host\" is missing"),
    .listener("\(passing), routes: [{host: a, to: c, path: §/a}]", "path in a route of TLS that isn't terminated"),
    .listener(
      "\(passing), routes: [{host: a, to: c, allow: §[{any: true}]}]", "allow in a route of TLS that isn't terminated"),

    // Forwarding.
    .listener("name: l, listen: \"unix:/s\", to: §d", "there is no cluster \"d\""),
    .listener("\(http), routes: [{path: /, to: §e}]", "there is no cluster \"e\""),
    Mistake("listeners: [§{name: l, listen: \"unix:/s\"}]\n\(RouterYAML.backend)", "the key \"to\" is missing"),
    Mistake(
      "listeners: [§{name: l, listen: \"unix:/s\", protocol: http}]\n\(RouterYAML.backend)", "nothing is forwarded"),
    .listener("\(plain), routes: §[{path: /, to: c}]", "routes are for http and passthrough"),
    .listener("\(http), routes: [{path: §v1, to: c}]", "\"v1\" is not a valid path: a path begins with a slash"),
    .listener("\(http), routes: [{path: /a, to: c}, §{path: /a, to: c}]", "an earlier route takes the same"),
    .listener("\(http), routes: [{to: c, allow: §[{any: true}]}]", "allow judges client certificates"),

    // HTTP.
    .listener("\(plain), identityHeaders: §[]", "identityHeaders on a listener that speaks tcp"),
    .listener("\(passing), forwardedClientCert: §false", "forwardedClientCert on a listener that speaks passthrough"),
    .listener("\(plain), limits: {body: §1}", "the limit body on a listener that speaks tcp"),
    .listener("\(api), to: c, identityHeaders: [{header: §Host, value: cn}]", "\"Host\" is not a valid header"),
    .listener("\(api), to: c, identityHeaders: [{header: §a b, value: cn}]", "\"a b\" is not a valid header"),
    .listener(
      "\(api), to: c, identityHeaders: [{header: X-A, value: cn}, {header: §x-a, value: org}]",
      "the header x-a would be set twice"),
    .listener(
      "\(api), to: c, identityHeaders: [{header: §X-Forwarded-Client-Cert, value: cn}]",
      "the header X-Forwarded-Client-Cert would be set twice"),

    // PROXY protocol.
    .listener("\(plain), proxyProtocol: §{from: [10.0.0.1]}", "proxyProtocol on a Unix socket"),
    .listener(
      "name: l, listen: \"[::1]:1\", to: c, proxyProtocol: {from: §[]}", "proxyProtocol names no load balancer"),
    .listener("name: l, listen: \"[::1]:1\", to: c, proxyProtocol: §{accept: v2}", "the key \"from\" is missing"),
  ]

  @Test("each is named with its line and column, and with what to do", arguments: ListenerMistakeTests.mistakes)
  func mistake(_ mistake: Mistake) {
    let errors = RouterYAML.errors(mistake.yaml)
    #expect(errors.count == 1, "\(errors.map(\.message))")
    let message = errors.first?.message ?? "accepted"
    #expect(message.hasPrefix(mistake.message), "\(message)")
    #expect(errors.first?.hint?.isEmpty == false)
  }
}
