import Credentials
import Foundation
import X509

extension InspectionReport {
  /// The report as lines of text: each item with its facts, then how they belong together, then what is wrong.
  package func lines() -> [String] {
    var lines: [String] = []
    for item in items {
      if !lines.isEmpty { lines.append("") }
      lines += ItemText.lines(item, at: inspected)
    }
    if !relations.isEmpty {
      lines.append("")
      lines += relations.map(\.sentence)
    }
    for finding in findings {
      if !lines.isEmpty { lines.append("") }
      lines.append("\(finding.severity.rawValue): \(finding.location.description): \(finding.what)")
      lines.append("  why: \(finding.why)")
      lines.append("  fix: \(finding.fix)")
    }
    if !lines.isEmpty { lines.append("") }
    lines.append(summary)
    return lines
  }

  private var summary: String {
    let errors = findings.filter { $0.severity == .error }.count
    let warnings = findings.count - errors
    guard !findings.isEmpty else { return "nothing is wrong" }
    func count(_ number: Int, _ noun: String) -> String? {
      number == 0 ? nil : "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
    return [count(errors, "error"), count(warnings, "warning")].compactMap(\.self).joined(separator: ", ")
  }
}

extension InspectionReport.Relation {
  /// `node.key is the key of node.crt`.
  package var sentence: String {
    switch kind {
    case .keyOf: "\(subject.description) is the key of \(object.description)"
    case .issuedBy: "\(subject.description) was issued by \(object.description)"
    case .issuedByName:
      "\(subject.description) names \(object.description) as its issuer; the signature's algorithm can't be checked here"
    }
  }
}

/// One item as text: a heading, and a line for each fact.
enum ItemText {
  private struct Fact {
    var name: String
    var value: String?

    init(_ name: String, _ value: String?) {
      self.name = name
      self.value = value
    }
  }

  static func lines(_ item: InspectionReport.Item, at now: Date) -> [String] {
    let heading = "\(item.location.description): \(item.content.title) (\(item.form))"
    let all = facts(item.content, at: now) + item.notes.map { Fact("note", $0) }
    return [heading]
      + all.compactMap { fact in
        guard let value = fact.value, !value.isEmpty else { return nil }
        let label = fact.name + ":"
        return "  " + label + String(repeating: " ", count: max(1, 15 - label.count)) + value
      }
  }

  private static func facts(_ content: InspectionReport.Content, at now: Date) -> [Fact] {
    switch content {
    case .certificate(let facts): certificate(facts, at: now)
    case .request(let facts): request(facts)
    case .revocationList(let facts): revocationList(facts)
    case .privateKey(let facts):
      [
        Fact("key", facts.summary), Fact("encoding", facts.encoding.rawValue),
        Fact("encryption", facts.encryption?.summary),
      ]
    case .encryptedKey(let facts): [Fact("encryption", facts.summary)]
    case .publicKey(let facts): [Fact("key", facts.summary)]
    case .store(let facts): store(facts)
    case .secret(let facts):
      [
        Fact("name", facts.name.printable), Fact("namespace", facts.namespace?.printable),
        Fact("type", facts.type.printable),
        Fact("holds", facts.keys.map(\.printable).joined(separator: ", ")),
      ]
    case .other: []
    }
  }

  private static func certificate(_ facts: CertificateFacts, at now: Date) -> [Fact] {
    [
      Fact("subject", facts.subject.isEmpty ? "(empty)" : facts.subject),
      Fact("issuer", facts.isSelfIssued ? "itself" : facts.issuer),
      Fact("version", String(facts.version)), Fact("serial", facts.serialText), Fact("valid", validity(facts, at: now)),
      Fact("key", facts.publicKey.summary), Fact("signature", facts.signature.summary),
    ] + extensions(facts.extensions) + [Fact("sha256", facts.fingerprint.hexadecimal)]
  }

  private static func validity(_ facts: CertificateFacts, at now: Date) -> String? {
    guard let start = facts.notBefore, let end = facts.notAfter else { return nil }
    let days = CertificateChecks.days(from: now, to: end)
    return "\(DERTime.rfc3339(start)) to \(DERTime.rfc3339(end))" + (end > now ? " (\(days) days left)" : " (expired)")
  }

  private static func request(_ facts: RequestFacts) -> [Fact] {
    [
      Fact("subject", facts.subject.isEmpty ? "(empty)" : facts.subject), Fact("key", facts.publicKey.summary),
      Fact("signature", facts.signature.summary + (facts.signatureState.map { ", \($0)" } ?? "")),
    ] + extensions(facts.extensions)
  }

  private static func extensions(_ facts: ExtensionFacts) -> [Fact] {
    let unknown = facts.entries.filter { !$0.isKnown }.map { $0.name + ($0.isCritical ? " (critical)" : "") }
    return [
      Fact("names", facts.subjectAlternativeNames.map(shortened)),
      Fact("authority", facts.basicConstraints.map(authority)),
      Fact("key usage", facts.keyUsage?.joined(separator: ", ")),
      Fact("purposes", facts.extendedKeyUsage?.joined(separator: ", ")),
      Fact("permitted", facts.nameConstraints.map { shortened($0.permitted) }),
      Fact("excluded", facts.nameConstraints.map { shortened($0.excluded) }),
      Fact("key id", facts.subjectKeyIdentifier.map { $0.hexadecimal }),
      Fact("issuer's key", facts.authorityKeyIdentifier.map { $0.hexadecimal }),
      Fact("revocation", shortened(facts.crlDistributionPoints + facts.ocspResponders)),
      Fact("issuer at", shortened(facts.issuerLocations)), Fact("other", shortened(unknown)),
    ]
  }

  private static func authority(_ constraints: ExtensionFacts.BasicConstraints) -> String {
    guard constraints.isAuthority else { return "no" }
    return "yes" + (constraints.pathLength.map { ", at most \($0) below it" } ?? "")
  }

  private static func revocationList(_ facts: RevocationListFacts) -> [Fact] {
    [
      Fact("issuer", facts.issuer), Fact("number", facts.number.map { $0.hexadecimal }),
      Fact("issued", facts.thisUpdate.map(DERTime.rfc3339)), Fact("next update", facts.nextUpdate.map(DERTime.rfc3339)),
      Fact("entries", String(facts.entryCount)), Fact("signature", facts.signature.summary),
      Fact("issuer's key", facts.authorityKeyIdentifier.map { $0.hexadecimal }),
    ]
      + facts.entries.prefix(20).map { entry in
        let when = entry.revoked.map { " at \(DERTime.rfc3339($0))" } ?? ""
        return Fact("revoked", SerialNumber(bytes: entry.serial).hex + when + (entry.reason.map { ", \($0)" } ?? ""))
      }
  }

  private static func store(_ facts: StoreFacts) -> [Fact] {
    [
      Fact("keys", facts.keyEntryCount.map(String.init)), Fact("trusted", facts.trustedEntryCount.map(String.init)),
      Fact("integrity", facts.integrity),
    ] + facts.encryption.map { Fact("encryption", $0.summary) }
  }

  /// Long lists are cut: a certificate may hold thousands of names.
  private static func shortened(_ names: [String]) -> String {
    let shown = names.prefix(50).joined(separator: ", ")
    return names.count > 50 ? shown + ", and \(names.count - 50) more" : shown
  }
}

extension InspectionReport.Content {
  /// The stable name of the kind, as JSON has it.
  package var kind: String {
    switch self {
    case .certificate: "certificate"
    case .request: "certificateRequest"
    case .revocationList: "certificateRevocationList"
    case .privateKey: "privateKey"
    case .encryptedKey: "encryptedPrivateKey"
    case .publicKey: "publicKey"
    case .store: "keyStore"
    case .secret: "kubernetesSecret"
    case .other: "other"
    }
  }

  /// What it is, in words.
  package var title: String {
    switch self {
    case .certificate(let facts):
      switch facts.role {
      case .authority: facts.isSelfIssued ? "root certificate" : "intermediate certificate"
      case .legacyRoot: "self-signed certificate"
      case .leaf: facts.isSelfIssued ? "self-signed certificate" : "certificate"
      }
    case .request: "certificate request"
    case .revocationList(let facts): facts.isDelta ? "delta revocation list" : "revocation list"
    case .privateKey: "private key"
    case .encryptedKey: "encrypted private key"
    case .publicKey: "public key"
    case .store(let facts): "\(facts.format.rawValue) key store"
    case .secret: "Kubernetes Secret"
    case .other(let name): name
    }
  }
}

extension RequestFacts {
  /// `valid` or `invalid`; nil where it can't be checked.
  package var signatureState: String? {
    switch SignatureCheck.check(signature, over: signedBytes, by: publicKey) {
    case .valid: "valid"
    case .invalid: "invalid"
    case .unavailable: nil
    }
  }
}
