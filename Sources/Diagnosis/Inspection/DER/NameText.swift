import Credentials

/// Distinguished names as text (RFC 4514).
///
///     Name ::= CHOICE { rdnSequence SEQUENCE OF RelativeDistinguishedName }
///     RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue
///     AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }
enum NameText {
  /// The name, the last relative name first. An empty name is an empty string.
  static func render(_ name: DERElement) throws(DERDefect) -> String {
    var parts: [String] = []
    for relative in try name.sequence(limit: 256) {
      var attributes: [String] = []
      for attribute in try relative.children(limit: 64) {
        let fields = try attribute.sequence(limit: 4)
        guard fields.count == 2, let type = fields[0].objectIdentifier else {
          throw DERDefect(at: attribute.encoded.startIndex, "a name's attribute isn't a type and a value")
        }
        attributes.append(render(type: type, value: fields[1]))
      }
      parts.append(attributes.joined(separator: "+"))
    }
    return parts.reversed().joined(separator: ",")
  }

  /// The values of one attribute type, as the name holds them, first to last.
  static func values(of type: String, in name: DERElement) -> [String] {
    guard let relatives = try? name.sequence(limit: 256) else { return [] }
    return relatives.flatMap { (try? $0.children(limit: 64)) ?? [] }.compactMap { attribute in
      guard let fields = try? attribute.sequence(limit: 4), fields.count == 2, fields[0].objectIdentifier == type
      else { return nil }
      return fields[1].text?.printable
    }
  }

  private static func render(type: String, value: DERElement) -> String {
    guard let name = ObjectIdentifierNames.attributes[type], let text = value.text else {
      let key = ObjectIdentifierNames.attributes[type] ?? type
      return "\(key)=#\(value.encoded.hexadecimal)"
    }
    return "\(name)=\(escape(text))"
  }

  private static func escape(_ text: String) -> String {
    let scalars = Array(text.unicodeScalars)
    return scalars.indices.map { index in
      let scalar = scalars[index]
      if scalar.isUnprintable { return scalar.escaped }
      let isEdgeSpace = scalar == " " && (index == 0 || index == scalars.count - 1)
      let isLeadingHash = scalar == "#" && index == 0
      let isSpecial = ["\"", "+", ",", ";", "<", ">", "\\"].contains(scalar)
      return (isEdgeSpace || isLeadingHash || isSpecial ? "\\" : "") + String(scalar)
    }.joined()
  }
}
