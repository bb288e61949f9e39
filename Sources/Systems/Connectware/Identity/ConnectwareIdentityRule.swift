import Credentials
import SwiftASN1
package import X509

/// What Connectware's broker demands of an agent's certificate.
///
/// 1. It leads to one of the certificates in `cybus_ca.crt`, whichever.
/// 2. It may be used by a TLS client.
/// 3. Its common name is the name of a user with the grant type `certificate`: the agent's name, byte for byte.
///
/// The issuer takes no part in 3. So whoever may issue under any trusted authority may be any agent, and a partner's
/// intermediate must not be trusted at all.
package struct ConnectwareIdentityRule: Sendable {
  package var agent: String
  /// What Connectware trusts.
  package var trust: [Certificate]

  package init(agent: String, trust: [Certificate]) {
    self.agent = agent
    self.trust = trust
  }

  /// - Parameter chain: the leaf, then what is delivered with it.
  /// - Returns: nothing where the broker accepts it as this agent.
  package func problems(of chain: [Certificate]) -> [Problem] {
    guard let leaf = chain.first else { return [] }
    var problems = [nameProblem(leaf), usageProblem(leaf)].compactMap { $0 }
    if let partner = chain.dropFirst().lazy.compactMap(Self.partnerProblem).first {
      problems.append(partner)
    } else if let problem = trustProblem(chain) {
      problems.append(problem)
    }
    return problems
  }

  package func nameProblem(_ leaf: Certificate) -> Problem? {
    let names = leaf.subject.flatMap { $0 }.filter { $0.type == .RDNAttributeType.commonName }
      .compactMap { String($0.value) }
    guard names != [agent] else { return nil }
    let found =
      switch names.count {
      case 0: "none"
      case 1: "\"\(names[0])\""
      default: "several: \(names.map { "\"\($0)\"" }.joined(separator: ", "))"
      }
    return Problem(
      "connectware-common-name", what: "the common name is not \"\(agent)\", the agent's name, but \(found)",
      why: "the broker takes the common name as the name of the user, and refuses or mistakes the agent",
      fix: "issue a certificate whose only common name is exactly \"\(agent)\"")
  }

  package func usageProblem(_ leaf: Certificate) -> Problem? {
    guard let reason = leaf.clientProblem else { return nil }
    return Problem(
      "connectware-client-usage", what: "the certificate of \"\(agent)\" is not for a client: \(reason)",
      why: "an agent is a client of the broker, whose TLS library refuses certificates for other purposes",
      fix: "issue it with the profile client or node")
  }

  package func trustProblem(_ chain: [Certificate]) -> Problem? {
    guard let leaf = chain.first, !Self.leads(chain, to: trust) else { return nil }
    return Problem(
      "connectware-untrusted",
      what: "the certificate of \"\(agent)\" doesn't lead to any authority that Connectware trusts: its issuer is "
        + "\(leaf.issuer)",
      why: "the broker accepts only certificates that lead to one in cybus_ca.crt",
      fix: "sign it by an authority in cybus_ca.crt, or add its authority there with customCA")
  }

  /// A partner's intermediate: one that is limited to certain names, and signed by another.
  package static func isPartner(_ authority: Certificate) -> Bool {
    authority.isPartnerIntermediate
  }

  package static func partnerProblem(_ authority: Certificate) -> Problem? {
    guard isPartner(authority) else { return nil }
    let name = authority.subject.commonName ?? "\(authority.subject)"
    return Problem(
      "connectware-partner-intermediate",
      what: "\"\(name)\" is a partner's intermediate: its certificate is limited to certain names",
      why: "the broker knows agents by their common name alone, which no such limit covers: the partner could be any "
        + "agent",
      fix: "leave it out, and sign the partner's requests yourself (csr: FILE)")
  }

  private static let depthLimit = 8

  /// Whether signatures lead from a leaf, over what came with it, to a trusted certificate. Neither versions nor
  /// extensions count: an authority that Connectware made for itself may be of version 1.
  static func leads(_ chain: [Certificate], to trust: [Certificate]) -> Bool {
    guard var current = chain.first else { return false }
    for _ in 0..<depthLimit {
      if trust.contains(where: { issued($0, current) }) { return true }
      guard let next = chain.dropFirst().first(where: { $0 != current && issued($0, current) }) else { return false }
      current = next
    }
    return false
  }

  static func issued(_ issuer: Certificate, _ certificate: Certificate) -> Bool {
    issuer.subject == certificate.issuer && issuer.authorityProblem == nil
      && issuer.publicKey.isValidSignature(certificate.signature, for: certificate)
  }
}

extension Certificate {
  /// Why a TLS client can't use a certificate, by its usages alone.
  fileprivate var clientProblem: String? {
    do {
      if let usages = try extensions.extendedKeyUsage, !usages.contains(.clientAuth),
        !usages.contains(.any)
      {
        return "its extendedKeyUsage lacks clientAuth"
      }
      if let usage = try extensions.keyUsage, !(usage.digitalSignature || usage.keyAgreement) {
        return "its keyUsage lacks digitalSignature"
      }
    } catch {
      return "its extensions are malformed"
    }
    return nil
  }
}
