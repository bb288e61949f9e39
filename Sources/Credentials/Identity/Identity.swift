package import SwiftASN1
package import X509

/// Who a node is: the subject's common name and organization, and the names that others dial or check.
package struct Identity: Hashable, Sendable {
  package let commonName: String
  package let organization: String?
  /// In the order given, without duplicates; the common name first where it is a host name or an address.
  package let names: [SubjectName]

  /// - Throws: ``IdentityError`` where the common name or the organization does not fit RFC 5280's upper bounds.
  package init(commonName: String, organization: String? = nil, names: [SubjectName] = []) throws(IdentityError) {
    try Self.check(commonName: commonName, organization: organization)
    self.commonName = commonName
    self.organization = organization
    self.names = Self.names(commonName: commonName, others: names)
  }

  /// Holds a subject against the bounds of RFC 5280, appendix A.
  /// - Throws: ``IdentityError/invalidCommonName(_:reason:)``, ``IdentityError/invalidOrganization(_:reason:)``.
  static func check(commonName: String, organization: String?) throws(IdentityError) {
    if let problem = problem(of: commonName) { throw .invalidCommonName(commonName, reason: problem) }
    if let organization, let problem = problem(of: organization) {
      throw .invalidOrganization(organization, reason: problem)
    }
  }

  /// The names of a subjectAltName: the common name joins them where it is a host name or an address, because no
  /// client looks for a host in the common name any more (RFC 9525 §2).
  package static func names(commonName: String?, others: [SubjectName]) -> [SubjectName] {
    let first = commonName.flatMap(SubjectName.init(host:)).map { [$0] } ?? []
    guard others.count > 8 else {
      // The few names that most nodes have are compared sooner than hashed.
      return others.reduce(into: first) { names, name in if !names.contains(name) { names.append(name) } }
    }
    var seen: Set<SubjectName> = []
    return (first + others).filter { seen.insert($0).inserted }
  }

  package var subject: DistinguishedName {
    var attributes: [RelativeDistinguishedName.Attribute] = []
    if let organization { attributes.append(.init(type: .RDNAttributeType.organizationName, utf8String: organization)) }
    attributes.append(.init(type: .RDNAttributeType.commonName, utf8String: commonName))
    return DistinguishedName(attributes.map { RelativeDistinguishedName($0) })
  }

  private static func problem(of text: String) -> String? {
    if text.isEmpty { return "it is empty" }
    if text.unicodeScalars.count > 64 { return "it is longer than 64 characters" }
    if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7f }) {
      return "it holds a control character"
    }
    return nil
  }
}

extension DistinguishedName {
  /// The text of the last attribute of a type; nil where there is none or it is not a string.
  package func text(of type: ASN1ObjectIdentifier) -> String? {
    for rdn in self.reversed() {
      for attribute in rdn where attribute.type == type {
        return String(attribute.value)
      }
    }
    return nil
  }

  package var commonName: String? { text(of: .RDNAttributeType.commonName) }
  package var organization: String? { text(of: .RDNAttributeType.organizationName) }
}
