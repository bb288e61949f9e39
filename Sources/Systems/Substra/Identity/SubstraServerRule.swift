import Credentials
package import X509

/// What is demanded of the orchestrator's own pair: by backends, which verify its name, and by its own probes, which
/// show it as a client's.
package struct SubstraServerRule: Sendable {
  /// The hosts that are dialled.
  package var hosts: [String]

  package init(hosts: [String]) { self.hosts = hosts }

  package func problems(of leaf: Certificate) -> [Problem] {
    var problems: [Problem] = []
    let missing = hosts.filter { host in
      guard let name = ReferenceName(host) else { return true }
      return CertificateInput.parsed(leaf).nameMismatch(name) != nil
    }
    if !missing.isEmpty {
      problems.append(
        Problem(
          "substra-server-name", what: "its subjectAltName lacks \(missing.joined(separator: ", "))",
          why:
            "backends and the orchestrator's own probes verify the name that they dial, and look for it nowhere else",
          fix:
            "issue it with \(missing.map { "\(IPAddress($0) == nil ? "--dns" : "--ip") \($0)" }.joined(separator: " "))"
        ))
    }
    let usages = ClientUsage.missing(in: leaf, of: [.serverAuth, .clientAuth])
    if !usages.isEmpty {
      problems.append(
        Problem(
          "substra-server-usage", what: "its extendedKeyUsage lacks \(usages.joined(separator: " and "))",
          why: "the chart's probes present the server's pair as a client's certificate: the pod never becomes ready",
          fix: "issue it with both usages (profile node)"))
    }
    return problems
  }
}

/// What TLS demands of a client's certificate.
enum ClientUsage {
  static func problem(of leaf: Certificate) -> Problem? {
    guard !missing(in: leaf, of: [.clientAuth]).isEmpty else { return nil }
    return Problem(
      "substra-client-usage", what: "its extendedKeyUsage lacks clientAuth",
      why: "the orchestrator's TLS library refuses a client's certificate that isn't meant for clients",
      fix: "issue it with the profile node or client")
  }

  /// Nothing is missing where the extension is: then any use is allowed (RFC 5280 §4.2.1.12).
  static func missing(in leaf: Certificate, of wanted: [ExtendedKeyUsage.Usage]) -> [String] {
    guard let present = try? leaf.extensions.extendedKeyUsage, !present.contains(.any) else { return [] }
    return wanted.filter { !present.contains($0) }.map { $0 == .clientAuth ? "clientAuth" : "serverAuth" }
  }
}
