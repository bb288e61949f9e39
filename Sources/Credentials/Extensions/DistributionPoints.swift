import SwiftASN1
import X509

/// Where a certificate says that its revocation lists are (RFC 5280 §4.2.1.13). Only full names are kept.
///
///     CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint
///     DistributionPoint ::= SEQUENCE {
///         distributionPoint       [0]     DistributionPointName OPTIONAL,
///         reasons                 [1]     ReasonFlags OPTIONAL,
///         cRLIssuer               [2]     GeneralNames OPTIONAL }
struct DistributionPoints {
  var names: [GeneralName]

  init(_ value: ArraySlice<UInt8>) throws {
    let points = try DER.sequence(of: DistributionPoint.self, identifier: .sequence, rootNode: DER.parse(value))
    guard !points.isEmpty else { throw ASN1Error.invalidASN1Object(reason: "no distribution points") }
    names = points.flatMap(\.names)
  }

  /// The extension's value for one point with these names.
  static func encode(_ names: [GeneralName]) throws -> [UInt8] {
    var fullName = DER.Serializer()
    for name in names { try fullName.serialize(name) }
    let context = DERTag.context(0, constructed: true)
    let point = derElement(DERTag.sequence, derElement(context, derElement(context, fullName.serializedBytes)))
    return derElement(DERTag.sequence, point)
  }
}

private struct DistributionPoint: DERParseable {
  var names: [GeneralName]

  init(derEncoded node: ASN1Node) throws {
    names = try DER.sequence(node, identifier: .sequence) { nodes in
      let names = try DistributionPointName.fullNames(&nodes)
      while nodes.next() != nil {}
      return names
    }
  }
}

/// DistributionPointName ::= CHOICE {
///     fullName                [0]     GeneralNames,
///     nameRelativeToCRLIssuer [1]     RelativeDistinguishedName }
enum DistributionPointName {
  /// Reads the explicitly tagged `[0]` field; empty when it is absent or relative to the issuer.
  static func fullNames(_ nodes: inout ASN1NodeCollection.Iterator) throws -> [GeneralName] {
    try DER.optionalExplicitlyTagged(&nodes, tagNumber: 0, tagClass: .contextSpecific) { name in
      let fullName = ASN1Identifier(tagWithNumber: 0, tagClass: .contextSpecific)
      guard name.identifier == fullName else { return [] }
      return try DER.sequence(of: GeneralName.self, identifier: fullName, rootNode: name)
    } ?? []
  }
}
