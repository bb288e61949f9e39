import CryptoExtras
import SwiftASN1
import X509

extension CertificateRules {
  /// What the CA/Browser Forum's baseline requirements (BR) ask beyond RFC 5280.
  func webPKI(_ facts: CertificateFacts, in place: Place) -> Reason? {
    switch place {
    case .leaf: webPKILeaf(facts)
    case .intermediate: nil
    case .anchor: webPKIRoot(facts)
    }
  }

  private func webPKILeaf(_ facts: CertificateFacts) -> Reason? {
    if facts.isAuthority { return .profile("the peer's certificate is an authority's", section: "BR §7.1.2.7") }
    guard let names = facts.alternativeNames else {
      return .profile("no subjectAltName", section: "BR §7.1.2.7.12")
    }
    if !facts.certificate.subject.isEmpty, facts.isCritical(.X509ExtensionID.subjectAlternativeName) == true {
      return .profile("subjectAltName is critical though there is a subject", section: "BR §7.1.2.7.12")
    }
    if let name = commonNames(facts).first(where: { !isCopied($0, from: names) }) {
      return .profile("the common name \(name) is no copy of a subjectAltName", section: "BR §7.1.4.3")
    }
    guard let usages = facts.extendedKeyUsage else {
      return .extendedKeyUsage(required: "any purpose under the browsers' rules", present: [])
    }
    if usages.contains(.any) { return .profile("extendedKeyUsage has anyExtendedKeyUsage", section: "BR §7.1.2.7.10") }
    if facts.isCritical(.X509ExtensionID.extendedKeyUsage) == true {
      return .profile("extendedKeyUsage is critical", section: "BR §7.1.2.7.6")
    }
    return webPKIKeyUsage(facts)
  }

  private func webPKIKeyUsage(_ facts: CertificateFacts) -> Reason? {
    guard let usage = facts.keyUsage else { return nil }
    let isRSA = _RSA.Signing.PublicKey(facts.certificate.publicKey) != nil
    if !isRSA, !usage.digitalSignature { return .keyUsage(missing: "digitalSignature") }
    let isExcessive = usage.nonRepudiation || usage.cRLSign || usage.encipherOnly || usage.decipherOnly
    let isMisplaced = isRSA ? usage.keyAgreement : usage.keyEncipherment || usage.dataEncipherment
    guard isExcessive || isMisplaced else { return nil }
    return .profile("keyUsage has more than its kind of key may be used for", section: "BR §7.1.2.7.11")
  }

  private func webPKIRoot(_ facts: CertificateFacts) -> Reason? {
    if facts.extendedKeyUsage != nil { return .profile("a root with extendedKeyUsage", section: "BR §7.1.2.1.2") }
    guard let key = facts.authorityKey else { return nil }
    if key.authorityCertIssuer != nil || key.authorityCertSerialNumber != nil {
      return .profile("a root's authorityKeyIdentifier names an issuer or serial", section: "BR §7.1.2.1.3")
    }
    guard let identifier = key.keyIdentifier else {
      return .profile("a root's authorityKeyIdentifier has no key identifier", section: "BR §7.1.2.1.3")
    }
    if facts.isSelfIssued, identifier != facts.subjectKey {
      return .profile("a root's authorityKeyIdentifier isn't its subjectKeyIdentifier", section: "BR §7.1.2.1.3")
    }
    return nil
  }

  private func commonNames(_ facts: CertificateFacts) -> [String] {
    facts.certificate.subject.joined().filter { $0.type == .RDNAttributeType.commonName }
      .map { String($0.value) ?? $0.value.description }
  }

  /// BR §7.1.4.3: character for character for a host name; for an address, its one canonical text. Bent for a wildcard,
  /// beside which public authorities write its domain.
  private func isCopied(_ commonName: String, from names: [GeneralName]) -> Bool {
    names.contains { name in
      switch name {
      case .dnsName(let text): text == commonName || text == "*." + commonName
      case .ipAddress(let octets): IPAddress(octets: Array(octets.bytes))?.text == commonName
      default: false
      }
    }
  }
}
