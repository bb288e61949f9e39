import Credentials
import Formats
import Foundation
import X509

/// What the peers of Choreo Connect demand of a certificate.
///
/// The router looks for the endpoint's host among the names of the backend's certificate, exactly, and for its issuer
/// in the API's own certificates, which replace the global bundle. The backend looks for the issuer of the router's
/// certificate alone: it asks for no name.
package enum ChoreoConnectIdentityRule {
  /// The router's part.
  static func problems(
    ofBackend credential: NodeCredential, anchors: [Certificate], endpoint: ChoreoConnect.Endpoint,
    tls: ChoreoConnect.UpstreamTLS, at now: Date
  ) -> [Problem] {
    [
      shipped(credential.leaf),
      name(of: credential.leaf, host: endpoint.name),
      trust(credential, anchors: anchors, purpose: .server, trusting: "the router", at: now),
      cipher(for: credential.leaf, tls),
    ].compactMap { $0 }
  }

  /// The backends' part, and that of adapter and enforcer.
  static func problems(
    ofRouter credential: NodeCredential, anchors: [Certificate], hosts: [String], isPinned: Bool, at now: Date
  ) -> [Problem] {
    [
      shipped(credential.leaf),
      componentNames(of: credential.leaf, hosts: hosts),
      trust(credential, anchors: anchors, purpose: .client, trusting: "a backend", at: now),
      trust(credential, anchors: anchors, purpose: .server, trusting: "another component", at: now),
      isPinned ? nil : partner(credential, anchors: anchors),
      credential.leaf.publicKey.isRSA ? nil : signingKey,
    ].compactMap { $0 }.reduce(into: []) { problems, problem in
      if !problems.contains(where: { $0.code == problem.code && $0.what == problem.what }) { problems.append(problem) }
    }
  }

  static func shipped(_ leaf: Certificate) -> Problem? {
    ShippedKeystore.isPublic(leaf) ? ShippedKeystore.problem : nil
  }

  /// An exact name: the common name isn't looked at, and a wildcard isn't counted on.
  static func name(of leaf: Certificate, host: SubjectName) -> Problem? {
    let names = leaf.subjectNames
    if names.contains(host) { return nil }
    let reference: ReferenceName = if case .ip(let address) = host { .ip(address) } else { .dns(host.text) }
    let wildcard = names.first { name in
      if case .dns(let pattern) = name { pattern.isWildcard && reference.isCovered(by: pattern) } else { false }
    }
    if let wildcard {
      return Problem(
        "endpoint-name-by-wildcard", what: "only \(wildcard) covers \(host.text)",
        why: "the router asks for exactly this name, and it depends on Envoy's version whether a wildcard is one",
        fix: "put \(host) itself into the certificate")
    }
    let present = names.isEmpty ? "it names no host" : "it names \(names.map(\.description).joined(separator: ", "))"
    return Problem(
      "endpoint-name-missing", what: "the certificate lacks \(host), which the router dials: \(present)",
      why: "the router compares the endpoint's host with the subjectAltName, and never looks at the common name",
      fix: "issue it for \(host.text), or dial a name that it has")
  }

  /// Whether these anchors are all that is needed to believe the certificate.
  static func trust(
    _ credential: NodeCredential, anchors: [Certificate], purpose: Purpose, trusting who: String, at now: Date
  ) -> Problem? {
    let verdict = verify(
      PathRequest(
        leaf: .parsed(credential.leaf), intermediates: credential.chain.dropFirst().map(CertificateInput.parsed),
        trust: anchors.map(CertificateInput.parsed), at: now, purpose: purpose))
    guard let rejection = verdict.rejection else { return nil }
    return Problem(
      purpose == .server ? "untrusted-server" : "untrusted-client",
      what: "\(who) would refuse the certificate: \(rejection.message)",
      why: "the certificates that it is given to trust replace all others",
      fix: rejection.hint
        ?? "deliver the root that the certificate leads to, and its intermediates with it")
  }

  /// Adapter and enforcer are dialled by these names.
  static func componentNames(of leaf: Certificate, hosts: [String]) -> Problem? {
    let names = leaf.subjectNames
    let missing = hosts.compactMap { SubjectName(host: $0) }.filter { !names.contains($0) }
    guard !missing.isEmpty else { return nil }
    return Problem(
      "component-name-missing",
      what: "the certificate lacks \(missing.map(\.description).joined(separator: ", "))",
      why: "router, adapter and enforcer share it, and find each other by these names", fix: "issue it for them too")
  }

  /// A backend asks for no name: whoever the authority vouches for is let in, a partner's nodes too.
  static func partner(_ credential: NodeCredential, anchors: [Certificate]) -> Problem? {
    let authorities = credential.chain.dropFirst() + anchors
    guard let constrained = authorities.first(where: { $0.subject != $0.issuer && $0.isConstrained }) else {
      return nil
    }
    return Problem(
      "partner-intermediate", what: "\(constrained.subject) is an intermediate that is limited to a partner's names",
      why: "backends check no name of their clients, so its owner could make a router of its own that all let in",
      fix: "have the router's certificate issued by an authority of your own, or say `accepts: router`")
  }

  static func cipher(for leaf: Certificate, _ tls: ChoreoConnect.UpstreamTLS) -> Problem? {
    guard !tls.canServe(isRSA: leaf.publicKey.isRSA) else { return nil }
    return Problem(
      "cipher-key-mismatch",
      what: "none of the ciphers can be served with a key of kind \(leaf.publicKey.label)",
      why: "up to TLS 1.2 the cipher says which kind of key the server has, and TLS 1.3 is not offered",
      fix: leaf.publicKey.isRSA ? "add an ECDHE-RSA suite" : "add an ECDHE-ECDSA suite, or max: TLS1_3")
  }

  private static let signingKey = Problem(
    "router-key-not-rsa", what: "the router's key is no RSA key",
    why: "the enforcer shares it, and signs its own tokens with it by RSA only", fix: "use an RSA key")
}

extension ChoreoConnect {
  /// What a peer must trust in order to believe a node: for a certificate that vouches for itself, just that.
  static func anchors(of credential: NodeCredential, _ supply: Supply) -> [Certificate] {
    if credential.leaf.vouchesForItself { return [credential.leaf] }
    return credential.trust.isEmpty ? supply.trust : credential.trust
  }
}

extension Certificate {
  var vouchesForItself: Bool { subject == issuer && publicKey.isValidSignature(signature, for: self) }

  fileprivate var isConstrained: Bool { extensions[oid: .X509ExtensionID.nameConstraints] != nil }
}

extension ReferenceName {
  /// Whether a wildcard stands for this host: for one label, and no more (RFC 9525 §6.3).
  fileprivate func isCovered(by pattern: DNSName) -> Bool {
    guard case .dns(let host) = self, let dot = host.firstIndex(of: ".") else { return false }
    return host[dot...].lowercased() == pattern.text.dropFirst().lowercased()
  }
}
