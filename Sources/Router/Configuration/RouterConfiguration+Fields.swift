package import Formats
import Logging

extension RouterConfiguration {
  /// The keys of router.yaml.
  package static let fields: [Field] = [
    Field("admin", .text(.path), "The Unix socket by which the running router is asked and told; none."),
    Field("workers", .number(1...256), "Threads that carry connections; one for each core."),
    Field("user", .text(.account), "Whom it becomes once its sockets are bound, by name or number; nobody else."),
    Field("group", .text(.account), "The same for the group; the group of `user`."),
    Field("drain", .text(.interval), "How long open connections may go on after the signal to stop; 30s."),
    Field("log", .object(LogConfiguration.fields), "What it logs, on standard error."),
    Field(
      "listeners", .list(.object(ListenerConfiguration.fields)), required: true,
      "Where it takes connections, and from whom."),
    Field(
      "clusters", .list(.object(ClusterConfiguration.fields)), required: true, "The backends to which it forwards them."
    ),
  ]
}

extension LogConfiguration {
  static let fields: [Field] = [
    Field("level", .choice(Logger.Level.allCases.map(\.rawValue)), "The least grave messages that are logged; info."),
    Field(
      "access", .choice(AccessLogging.allCases.map(\.rawValue)), "Which connections and requests are logged; all."),
  ]
}

// What listeners and clusters have in common.

extension IdentityFiles {
  static let fields: [Field] = [
    Field("cert", .text(.path), required: true, "The certificate and its intermediates, PEM."),
    Field("key", .text(.path), required: true, "Its private key, PEM."),
    Field("passphraseFile", .text(.path), "The file with the key's passphrase; the key has none."),
  ]
}

extension RevocationSource {
  static let fields: [Field] = [
    Field("crl", .oneOrMore(.revocationLocation), "Where CRLs are: files, and URLs of http and https; none is asked."),
    Field("staleAfter", .text(.interval), "How old a CRL may be; as old as it says itself (nextUpdate)."),
    Field(
      "whenStale", .choice(WhenStale.allCases.map(\.rawValue)),
      "What holds without a fresh CRL: `closed` lets nobody pass, with `open` the last one goes on to hold; closed."),
  ]
}

extension TLSSettings {
  static let fields: [Field] = [
    Field("min", .text(.tlsVersion), "The oldest version of TLS, \"1.2\" or \"1.3\"; \"1.3\"."),
    Field("max", .text(.tlsVersion), "The newest; \"1.3\"."),
    Field(
      "ciphers", .list(.choice(TLSCipherSuite.allCases.map(\.rawValue))),
      "The suites of TLS 1.2, the best first; all of these. Those of TLS 1.3 are never chosen."),
    Field(
      "groups", .list(.choice(TLSGroup.allCases.map(\.rawValue))),
      "The groups for key exchange, the best first; all of these."),
    Field(
      "alpn", .list(.text(.applicationProtocol)),
      "The application protocols (ALPN), the best first; for HTTP what is spoken, else none."),
  ]
}

extension IdentityRules {
  static let fields: [Field] = [
    Field("allow", .list(.object(IdentityRule.fields)), "Who may pass: whom any of these rules matches."),
    Field("deny", .list(.object(IdentityRule.fields)), "Who may not, whatever `allow` says."),
  ]
}

extension IdentityRule {
  static let fields: [Field] = [
    Field("name", .text(.any), "How logs call the rule; its place and conditions."),
    Field("any", .flag, "Whether it matches everybody whose certificate is trusted; false."),
    Field("cn", .text(.any), "A pattern of common names: `*` stands for any run of characters."),
    Field("org", .text(.any), "A pattern of organisations, likewise."),
    Field("dns", .text(.dnsPattern), "A pattern of DNS names, where `*` stands for no dot: `*.example` is one label."),
    Field("ip", .text(.addressRange), "An address or a range of them."),
    Field("uri", .text(.any), "A pattern of URIs, such as `spiffe://example.org/agent/*`."),
    Field("fingerprint", .text(.fingerprint), "The certificate itself, by its SHA-256, with or without colons."),
    Field("issuer", .text(.any), "A pattern of the issuer's common name."),
  ]
}
