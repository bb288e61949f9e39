import SwiftASN1
import X509

/// The name spaces that an authority may certify (RFC 5280 §4.2.1.10).
///
///     NameConstraints ::= SEQUENCE {
///         permittedSubtrees       [0]     GeneralSubtrees OPTIONAL,
///         excludedSubtrees        [1]     GeneralSubtrees OPTIONAL }
///     GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree
///     GeneralSubtree ::= SEQUENCE {
///         base                    GeneralName,
///         minimum         [0]     BaseDistance DEFAULT 0,
///         maximum         [1]     BaseDistance OPTIONAL }
struct NameConstraintsValue: Sendable {
  var permitted: [GeneralName]
  var excluded: [GeneralName]

  init(_ ext: Certificate.Extension) throws {
    let root = try DER.parse(ext.value)
    (permitted, excluded) = try DER.sequence(root, identifier: .sequence) { nodes in
      let permitted = try Self.subtrees(&nodes, tag: 0)
      let excluded = try Self.subtrees(&nodes, tag: 1)
      guard permitted != nil || excluded != nil else {
        throw ASN1Error.invalidASN1Object(reason: "neither permitted nor excluded subtrees")
      }
      return (permitted ?? [], excluded ?? [])
    }
  }

  private static func subtrees(_ nodes: inout ASN1NodeCollection.Iterator, tag: UInt) throws -> [GeneralName]? {
    let identifier = ASN1Identifier(tagWithNumber: tag, tagClass: .contextSpecific)
    return try DER.optionalImplicitlyTagged(&nodes, tagNumber: tag, tagClass: .contextSpecific) { node in
      let trees = try DER.sequence(of: GeneralSubtree.self, identifier: identifier, rootNode: node)
      guard !trees.isEmpty else { throw ASN1Error.invalidASN1Object(reason: "an empty list of subtrees") }
      return trees.map(\.base)
    }
  }
}

/// RFC 5280 fixes the minimum at its default and forbids the maximum, so a subtree is its base alone.
private struct GeneralSubtree: DERParseable {
  var base: GeneralName

  init(derEncoded node: ASN1Node) throws {
    base = try DER.sequence(node, identifier: .sequence) { try GeneralName(derEncoded: &$0) }
  }
}
