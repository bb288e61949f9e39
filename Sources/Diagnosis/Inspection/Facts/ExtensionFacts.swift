/// The extensions of a certificate, or those that a request asks for, as far as we can decode them.
///
///     Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
package struct ExtensionFacts: Hashable, Sendable {
  /// One extension as it stands.
  package struct Entry: Hashable, Sendable {
    package var objectIdentifier: String
    /// `subjectAltName`; the dotted identifier of an extension that has no name here.
    package var name: String
    package var isCritical: Bool
    /// DER of the extension's content.
    package var value: [UInt8]
    /// We know what the extension means.
    package var isKnown: Bool
  }

  package struct BasicConstraints: Hashable, Sendable {
    package var isAuthority: Bool
    package var pathLength: Int?
    package var isCritical: Bool
  }

  /// The names of a nameConstraints extension, as ``GeneralNameText`` writes them.
  package struct NameConstraints: Hashable, Sendable {
    package var permitted: [String] = []
    package var excluded: [String] = []
  }

  package private(set) var entries: [Entry] = []
  /// `DNS:node-1.example`, `IP:10.0.0.1`, `URI:spiffe://…`; nil when the extension is absent.
  package private(set) var subjectAlternativeNames: [String]?
  package private(set) var keyUsage: [String]?
  /// `serverAuth`, or the dotted identifier of a purpose that has no name here.
  package private(set) var extendedKeyUsage: [String]?
  package private(set) var basicConstraints: BasicConstraints?
  package private(set) var subjectKeyIdentifier: [UInt8]?
  package private(set) var hasAuthorityKeyIdentifier = false
  /// The keyIdentifier of the authorityKeyIdentifier extension.
  package private(set) var authorityKeyIdentifier: [UInt8]?
  package private(set) var nameConstraints: NameConstraints?
  /// Where revocation lists, OCSP answers and the issuer's certificate are fetched.
  package private(set) var crlDistributionPoints: [String] = []
  package private(set) var ocspResponders: [String] = []
  package private(set) var issuerLocations: [String] = []
  package private(set) var policies: [String] = []
  package private(set) var comment: String?
  package private(set) var crlNumber: [UInt8]?
  /// Extensions whose content we know and couldn't read.
  package private(set) var undecodable: [String] = []

  init() {}

  /// - Parameter list: SEQUENCE OF Extension.
  init(_ list: DERElement) throws(DERDefect) {
    for element in try list.sequence(limit: 512) {
      let fields = try element.sequence(limit: 4)
      guard let identifier = fields.first?.objectIdentifier, let value = fields.last, value.isUniversal(.octetString)
      else {
        throw DERDefect(at: element.encoded.startIndex, "an extension isn't an identifier and a value")
      }
      let isCritical = fields.count > 2 ? fields[1].boolean ?? false : false
      let name = ObjectIdentifierNames.extensions[identifier]
      entries.append(
        Entry(
          objectIdentifier: identifier, name: name ?? identifier, isCritical: isCritical, value: value.value,
          isKnown: name != nil))
      do throws(DERDefect) {
        try decode(identifier, value.content, isCritical: isCritical)
      } catch {
        undecodable.append(name ?? identifier)
      }
    }
  }

  package func contains(_ name: String) -> Bool { entries.contains { $0.name == name } }

  /// Extensions that occur twice, which RFC 5280 §4.2 forbids.
  package var repeated: [String] {
    var seen: Set<String> = []
    return entries.map(\.name).filter { !seen.insert($0).inserted }
  }

  private mutating func decode(_ identifier: String, _ value: ArraySlice<UInt8>, isCritical: Bool) throws(DERDefect) {
    var reader = DERReader(value)
    guard let content = try reader.next() else { return }
    switch identifier {
    case "2.5.29.14": subjectKeyIdentifier = content.value
    case "2.5.29.15": keyUsage = content.namedBits?.map(KeyUsageBit.name)
    case "2.5.29.17": subjectAlternativeNames = try GeneralNameText.list(content)
    case "2.5.29.19": basicConstraints = try Self.basicConstraints(content, isCritical: isCritical)
    case "2.5.29.20": crlNumber = content.integerBytes
    case "2.5.29.30": nameConstraints = try Self.nameConstraints(content)
    case "2.5.29.31": crlDistributionPoints = try Self.distributionPoints(content)
    case "2.5.29.32": policies = try content.sequence().compactMap { try? $0.sequence().first?.objectIdentifier }
    case "2.5.29.35": try readAuthorityKeyIdentifier(content)
    case "2.5.29.37":
      extendedKeyUsage = try content.sequence().compactMap(\.objectIdentifier).map {
        ObjectIdentifierNames.extendedKeyUsages[$0] ?? $0
      }
    case "1.3.6.1.5.5.7.1.1": try readAuthorityInformation(content)
    case "2.16.840.1.113730.1.13": comment = content.text?.printable
    default: break
    }
  }

  /// AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OPTIONAL, issuer [1] OPTIONAL, serialNumber [2] OPTIONAL }
  private mutating func readAuthorityKeyIdentifier(_ content: DERElement) throws(DERDefect) {
    hasAuthorityKeyIdentifier = true
    authorityKeyIdentifier = try content.sequence(limit: 8).first { $0.isContext(0) }?.value
  }

  /// AccessDescription ::= SEQUENCE { accessMethod OBJECT IDENTIFIER, accessLocation GeneralName }
  private mutating func readAuthorityInformation(_ content: DERElement) throws(DERDefect) {
    for element in try content.sequence(limit: 64) {
      let fields = try element.sequence(limit: 2)
      guard fields.count == 2, fields[1].isContext(6) else { continue }
      let location = String(decoding: fields[1].content, as: UTF8.self).printable
      switch fields[0].objectIdentifier {
      case "1.3.6.1.5.5.7.48.1": ocspResponders.append(location)
      case "1.3.6.1.5.5.7.48.2": issuerLocations.append(location)
      default: break
      }
    }
  }

  /// BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }
  private static func basicConstraints(
    _ content: DERElement, isCritical: Bool
  ) throws(DERDefect) -> BasicConstraints {
    let fields = try content.sequence(limit: 4)
    return BasicConstraints(
      isAuthority: fields.first?.boolean ?? false, pathLength: fields.lazy.compactMap(\.smallInteger).first,
      isCritical: isCritical)
  }

  /// NameConstraints ::= SEQUENCE { permittedSubtrees [0] OPTIONAL, excludedSubtrees [1] OPTIONAL },
  /// each a SEQUENCE OF SEQUENCE { base GeneralName, minimum [0], maximum [1] }
  private static func nameConstraints(_ content: DERElement) throws(DERDefect) -> NameConstraints {
    var constraints = NameConstraints()
    for subtrees in try content.sequence(limit: 4) {
      let names = try subtrees.children().compactMap { try? $0.sequence(limit: 4).first }.map(
        GeneralNameText.constraint)
      if subtrees.isContext(0) { constraints.permitted += names } else { constraints.excluded += names }
    }
    return constraints
  }

  /// DistributionPoint ::= SEQUENCE { distributionPoint [0] { fullName [0] GeneralNames }, … }
  private static func distributionPoints(_ content: DERElement) throws(DERDefect) -> [String] {
    var locations: [String] = []
    for point in try content.sequence(limit: 64) {
      guard let name = try point.sequence(limit: 4).first(where: { $0.isContext(0) }),
        let fullName = try name.children(limit: 4).first(where: { $0.isContext(0) })
      else { continue }
      locations += try fullName.children(limit: 64).map(GeneralNameText.location)
    }
    return locations
  }
}

/// KeyUsage ::= BIT STRING (RFC 5280 §4.2.1.3).
enum KeyUsageBit {
  private static let names = [
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign",
    "cRLSign",
    "encipherOnly", "decipherOnly",
  ]

  static func name(_ bit: Int) -> String { names.indices.contains(bit) ? names[bit] : "bit \(bit)" }
}
