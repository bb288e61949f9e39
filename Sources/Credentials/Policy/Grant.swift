import SwiftASN1
package import X509

/// What would be certified for a request: its own wishes as far as a node's certificate can carry them.
package struct Grant: Sendable {
  package let request: VerifiedRequest
  package let subject: DistinguishedName
  package let names: [SubjectName]
  package let profile: Profile
  package let lifetime: Duration
  /// What the request asked for and this grant leaves out, in words.
  package let omitted: [String]

  package init(_ request: VerifiedRequest, profile: Profile, lifetime: Duration) {
    self.request = request
    self.profile = profile
    self.lifetime = lifetime
    names = Identity.names(commonName: request.subject.commonName, others: request.names)
    guard request.subject.contains(where: { rdn in rdn.contains { !Self.isKept($0) } }) else {
      subject = request.subject
      omitted = request.notGrantable
      return
    }
    var kept: [RelativeDistinguishedName] = []
    var omitted = request.notGrantable
    for rdn in request.subject {
      let attributes = rdn.filter(Self.isKept)
      omitted += rdn.filter { !Self.isKept($0) }.map { "subject attribute \($0)" }
      if !attributes.isEmpty { kept.append(RelativeDistinguishedName(attributes)) }
    }
    subject = DistinguishedName(kept)
    self.omitted = omitted
  }

  /// Attributes that a subject keeps. An e-mail address is none of them: it names a person, not a node.
  private static func isKept(_ attribute: RelativeDistinguishedName.Attribute) -> Bool {
    subjectAttributes.contains(attribute.type)
  }

  private static let subjectAttributes: [ASN1ObjectIdentifier] = [
    .RDNAttributeType.commonName, .RDNAttributeType.organizationName, .RDNAttributeType.organizationalUnitName,
    .RDNAttributeType.countryName, .RDNAttributeType.stateOrProvinceName, .RDNAttributeType.localityName,
    .RDNAttributeType.streetAddress, .RDNAttributeType.domainComponent,
  ]
}

/// A grant that the policy allowed. Only ``IssuancePolicy/authorize(_:as:)`` makes one.
package struct AuthorizedRequest: Sendable {
  package let grant: Grant
  /// The rule that allowed it.
  package let rule: String

  fileprivate init(grant: Grant, rule: String) {
    self.grant = grant
    self.rule = rule
  }
}

extension IssuancePolicy {
  /// - Throws: ``IssuanceError/refusedByPolicy(rule:reason:)``.
  package func authorize(_ grant: Grant, as admission: AdmissionKind) throws(IssuanceError) -> AuthorizedRequest {
    switch decide(grant, as: admission) {
    case .allow(let rule): return AuthorizedRequest(grant: grant, rule: rule)
    case .deny(let rule, let reason): throw .refusedByPolicy(rule: rule, reason: reason)
    }
  }
}
