import SwiftASN1
import X509

/// What a certificate says about certificate policies (RFC 5280 §4.2.1.4, §4.2.1.5, §4.2.1.11, §4.2.1.14).
struct PolicyExtensions: Sendable {
  /// Nil when there is no certificatePolicies extension.
  var policies: Set<ASN1ObjectIdentifier>?
  var mappings: [(issuer: ASN1ObjectIdentifier, subject: ASN1ObjectIdentifier)] = []
  var requireExplicit: Int?
  var inhibitMapping: Int?
  var inhibitAny: Int?

  var isEmpty: Bool {
    policies == nil && mappings.isEmpty && requireExplicit == nil && inhibitMapping == nil && inhibitAny == nil
  }

  /// Reads one of the four extensions into its place; returns false for any other.
  mutating func read(_ ext: Certificate.Extension) throws -> Bool {
    switch ext.oid {
    case ExtensionID.certificatePolicies: policies = try Self.policies(ext.value)
    case ExtensionID.policyMappings: mappings = try Self.mappings(ext.value)
    case ExtensionID.policyConstraints: (requireExplicit, inhibitMapping) = try Self.constraints(ext.value)
    case ExtensionID.inhibitAnyPolicy: inhibitAny = try Self.count(Int(derEncoded: ext.value))
    default: return false
    }
    return true
  }

  /// certificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation
  private static func policies(_ value: ArraySlice<UInt8>) throws -> Set<ASN1ObjectIdentifier> {
    let list = try DER.sequence(of: PolicyInformation.self, identifier: .sequence, rootNode: DER.parse(value))
    let policies = Set(list.map(\.identifier))
    guard !list.isEmpty, policies.count == list.count else {
      throw ASN1Error.invalidASN1Object(reason: "certificate policies are empty or repeated")
    }
    return policies
  }

  /// PolicyMappings ::= SEQUENCE SIZE (1..MAX) OF SEQUENCE { issuerDomainPolicy, subjectDomainPolicy }
  private static func mappings(
    _ value: ArraySlice<UInt8>
  ) throws -> [(issuer: ASN1ObjectIdentifier, subject: ASN1ObjectIdentifier)] {
    let list = try DER.sequence(of: PolicyMapping.self, identifier: .sequence, rootNode: DER.parse(value))
    guard !list.isEmpty else { throw ASN1Error.invalidASN1Object(reason: "policy mappings are empty") }
    guard !list.contains(where: { $0.issuer == ExtensionID.anyPolicy || $0.subject == ExtensionID.anyPolicy }) else {
      throw ASN1Error.invalidASN1Object(reason: "anyPolicy is mapped")
    }
    return list.map { ($0.issuer, $0.subject) }
  }

  /// PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] SkipCerts OPTIONAL,
  ///                                  inhibitPolicyMapping [1] SkipCerts OPTIONAL }
  private static func constraints(_ value: ArraySlice<UInt8>) throws -> (Int?, Int?) {
    try DER.sequence(DER.parse(value), identifier: .sequence) { nodes in
      let explicit = try skipCerts(&nodes, tag: 0)
      let mapping = try skipCerts(&nodes, tag: 1)
      guard explicit != nil || mapping != nil else {
        throw ASN1Error.invalidASN1Object(reason: "policy constraints are empty")
      }
      return (explicit, mapping)
    }
  }

  private static func skipCerts(_ nodes: inout ASN1NodeCollection.Iterator, tag: UInt) throws -> Int? {
    let identifier = ASN1Identifier(tagWithNumber: tag, tagClass: .contextSpecific)
    return try DER.optionalImplicitlyTagged(&nodes, tagNumber: tag, tagClass: .contextSpecific) {
      try count(Int(derEncoded: $0, withIdentifier: identifier))
    }
  }

  private static func count(_ value: Int) throws -> Int {
    guard value >= 0 else { throw ASN1Error.invalidASN1Object(reason: "a negative number of certificates") }
    return value
  }
}

private struct PolicyInformation: DERParseable {
  var identifier: ASN1ObjectIdentifier

  init(derEncoded node: ASN1Node) throws {
    identifier = try DER.sequence(node, identifier: .sequence) { nodes in
      let identifier = try ASN1ObjectIdentifier(derEncoded: &nodes)
      _ = nodes.next()
      return identifier
    }
  }
}

private struct PolicyMapping: DERParseable {
  var issuer: ASN1ObjectIdentifier
  var subject: ASN1ObjectIdentifier

  init(derEncoded node: ASN1Node) throws {
    (issuer, subject) = try DER.sequence(node, identifier: .sequence) {
      (try ASN1ObjectIdentifier(derEncoded: &$0), try ASN1ObjectIdentifier(derEncoded: &$0))
    }
  }
}
