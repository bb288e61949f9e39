import SwiftASN1
import X509

/// Applies the name constraints of a path's authorities to the names below them (RFC 5280 §4.2.1.10, §6.1.3, §6.1.4).
///
/// A name must be within one permitted subtree of *each* authority that has such subtrees of the name's form
/// (RFC 5280's intersection), and within no excluded one.
struct NameConstraintRules {
  private var constraints: [NameConstraintsValue] = []
  private(set) var comparisonsLeft: Int

  init(limit: Int) { comparisonsLeft = limit }

  /// Adds an authority's constraints, for all certificates below it.
  mutating func add(_ value: NameConstraintsValue?) -> Reason? {
    guard let value else { return nil }
    for base in value.permitted + value.excluded {
      if let problem = NameSubtree.problem(of: base) { return .malformedConstraint(problem) }
    }
    constraints.append(value)
    return nil
  }

  /// The first name of the certificate that the constraints forbid.
  mutating func violation(_ facts: CertificateFacts) -> Reason? {
    violation(subject: facts.certificate.subject, alternativeNames: facts.alternativeNames ?? [])
  }

  /// The first of these names, which a certificate has or is to have, that the constraints forbid.
  mutating func violation(subject: DistinguishedName, alternativeNames: [GeneralName]) -> Reason? {
    guard !constraints.isEmpty else { return nil }
    for name in Self.names(subject, alternativeNames) {
      if let reason = violation(of: name) { return reason }
    }
    return nil
  }

  /// The subjectAltName's names, the subject unless it is empty, and, where no rfc822Name stands in the former,
  /// the subject's e-mail addresses.
  private static func names(_ subject: DistinguishedName, _ alternativeNames: [GeneralName]) -> [GeneralName] {
    var names = alternativeNames
    if !names.contains(where: { if case .rfc822Name = $0 { true } else { false } }) {
      for attribute in subject.joined() where attribute.type == .RDNAttributeType.emailAddress {
        names.append(.rfc822Name(String(attribute.value) ?? ""))
      }
    }
    if !subject.isEmpty { names.append(.directoryName(subject)) }
    return names
  }

  private mutating func violation(of name: GeneralName) -> Reason? {
    for constraint in constraints {
      let permitted = constraint.permitted.filter { $0.form == name.form }
      let excluded = constraint.excluded.filter { $0.form == name.form }
      guard !permitted.isEmpty || !excluded.isEmpty else { continue }
      comparisonsLeft -= constraint.permitted.count + constraint.excluded.count
      guard comparisonsLeft >= 0 else { return .searchLimit("too many names and name constraints") }
      guard let presented = NameSubtree.Presented(name) else {
        return NameSubtree.isSupported(name)
          ? .nameConstraint(name: "\(name.plainText), which can't be compared,", permitted: permitted.map(\.plainText))
          : .unsupportedConstraint(form: name.form)
      }
      if let by = excluded.first(where: { presented.touches($0) }) {
        return .excludedName(name: name.plainText, by: by.plainText)
      }
      if !permitted.isEmpty, !permitted.contains(where: { presented.isWithin($0) }) {
        return .nameConstraint(name: name.plainText, permitted: permitted.map(\.plainText))
      }
    }
    return nil
  }
}
