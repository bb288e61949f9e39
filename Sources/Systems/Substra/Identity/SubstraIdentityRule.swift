import Credentials
package import X509

/// What Substra's orchestrator demands of a client that claims an MSP ID, with `verifyClientMSPID` on.
///
/// The common name plays no part, and neither do alternative names. Whether the chain can be verified is TLS's
/// business, and decided before.
package struct SubstraIdentityRule: Sendable {
  /// By the keys of clientCACerts: of each CA file that it names, the first certificate. Others are never looked at.
  package var authorities: [String: [Certificate]]

  package init(authorities: [String: [Certificate]]) { self.authorities = authorities }

  /// Why a client is refused; nil where it is accepted.
  /// - Parameters:
  ///   - mspID: the header `mspid` of its calls.
  ///   - chain: what it presents, the leaf first.
  package func refusal(mspID: String, chain: [Certificate]) -> SubstraRefusal? {
    let organizations = chain.first?.subject.organizations ?? []
    guard organizations.contains(mspID) else { return .organization(expected: mspID, present: organizations) }
    guard let trusted = authorities[mspID] else { return .unknownOrganization(mspID, known: authorities.keys.sorted()) }
    let issuers = chain.compactMap(\.authorityKey)
    guard !issuers.isEmpty else { return .noAuthorityKeyIdentifier }
    // The orchestrator compares texts, and finds a missing identifier equal to a missing one; that isn't proof.
    guard trusted.compactMap(\.subjectKey).contains(where: issuers.contains) else {
      return .foreignAuthority(mspID, identifiers: issuers.map { $0.hexadecimal })
    }
    return nil
  }
}

/// The part of the rule that a client fails, in the order in which the orchestrator looks.
package enum SubstraRefusal: Hashable, Sendable {
  /// The subject has no organization that is the MSP ID.
  case organization(expected: String, present: [String])
  /// No key of clientCACerts is the MSP ID.
  case unknownOrganization(String, known: [String])
  /// No certificate of the chain says by its extension who signed it.
  case noAuthorityKeyIdentifier
  /// None was signed by the first CA of a file of this organization.
  case foreignAuthority(String, identifiers: [String])

  package var problem: Problem {
    switch self {
    case .organization(let expected, let present):
      Problem(
        "substra-organization",
        what: present.isEmpty
          ? "its subject has no organization, and the MSP ID is \(expected)"
          : "its organization is \(present.joined(separator: ", ")), and the MSP ID is \(expected)",
        why: "the orchestrator takes a call only if the header mspid is an organization of the client's certificate",
        fix: "issue it with O=\(expected)")
    case .unknownOrganization(let mspID, let known):
      Problem(
        "substra-unknown-organization",
        what: "no key of clientCACerts is \(mspID)"
          + (known.isEmpty ? "" : ": there is \(known.joined(separator: ", "))"),
        why: "with verifyClientMSPID the orchestrator looks for the CAs of an organization under its MSP ID, "
          + "not under any name",
        fix: "name its CA under the key \(mspID)")
    case .noAuthorityKeyIdentifier:
      Problem(
        "substra-no-authority-key-identifier", what: "it has no authorityKeyIdentifier extension",
        why: "the orchestrator knows by this extension alone that the organization's CA signed the certificate; "
          + "`openssl x509 -req` without -extfile makes certificates of version 1, which have none",
        fix: "issue it with Countersign, or with an -extfile that has authorityKeyIdentifier=keyid")
    case .foreignAuthority(let mspID, let identifiers):
      Problem(
        "substra-issuer",
        what: "it was signed by the key \(identifiers.joined(separator: ", ")), and no CA of \(mspID) has this "
          + "identifier as its subjectKeyIdentifier",
        why: "the orchestrator compares it with the first certificate of each CA file of the organization",
        fix: "put the issuing CA first into a file of its own, and name that under clientCACerts.\(mspID)")
    }
  }
}

extension DistinguishedName {
  /// All organizations; most names have one.
  var organizations: [String] {
    flatMap { name in
      name.filter { $0.type == .RDNAttributeType.organizationName }.compactMap { String($0.value) }
    }
  }
}

extension Certificate {
  /// The identifier of the key that signed it, where its extension says.
  var authorityKey: ArraySlice<UInt8>? { (try? extensions.authorityKeyIdentifier)?.keyIdentifier }

  var subjectKey: ArraySlice<UInt8>? { (try? extensions.subjectKeyIdentifier)?.keyIdentifier }
}
