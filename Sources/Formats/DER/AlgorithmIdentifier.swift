import SwiftASN1

/// RFC 5280 §4.1.1.2.
///
///     AlgorithmIdentifier ::= SEQUENCE {
///       algorithm   OBJECT IDENTIFIER,
///       parameters  ANY DEFINED BY algorithm OPTIONAL }
struct AlgorithmIdentifier: DERImplicitlyTaggable, Hashable, Sendable {
  static var defaultIdentifier: ASN1Identifier { .sequence }

  var algorithm: ASN1ObjectIdentifier
  var parameters: ASN1Any?

  init(_ algorithm: ASN1ObjectIdentifier, parameters: ASN1Any? = nil) {
    self.algorithm = algorithm
    self.parameters = parameters
  }

  init(_ algorithm: ASN1ObjectIdentifier, _ parameters: some DERSerializable) throws {
    self.init(algorithm, parameters: try ASN1Any(erasing: parameters))
  }

  init(derEncoded node: ASN1Node, withIdentifier identifier: ASN1Identifier) throws {
    self = try DER.sequence(node, identifier: identifier) { nodes in
      let algorithm = try ASN1ObjectIdentifier(derEncoded: &nodes)
      return AlgorithmIdentifier(algorithm, parameters: nodes.next().map { ASN1Any(derEncoded: $0) })
    }
  }

  func serialize(into coder: inout DER.Serializer, withIdentifier identifier: ASN1Identifier) throws {
    try coder.appendConstructedNode(identifier: identifier) { coder in
      try coder.serialize(algorithm)
      if let parameters { try coder.serialize(parameters) }
    }
  }
}
