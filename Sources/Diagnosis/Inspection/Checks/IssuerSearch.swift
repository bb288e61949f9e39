import Credentials

/// Finds which of the given certificates issued which, by name, key identifier and signature.
struct IssuerSearch {
  typealias Entry = InspectedGroup.Entry

  private let entries: [Entry]
  private let certificates: [Int]
  private let bySubject: [[UInt8]: [Int]]
  /// The issuers that were found, by the fingerprint of what they issued.
  private(set) var issuers: [[UInt8]: CertificateFacts] = [:]
  private(set) var relations: [InspectionReport.Relation] = []
  private(set) var findings: [InspectionReport.Finding] = []
  /// Signatures that may still be checked: a hostile set of namesakes must not cost hours.
  private var budget = 2000

  private let neighbourhood: Inspection.Neighbourhood

  init(_ entries: [Entry], _ neighbourhood: Inspection.Neighbourhood) {
    self.entries = entries
    self.neighbourhood = neighbourhood
    var seen: Set<[UInt8]> = []
    certificates = entries.indices.filter { index in
      entries[index].certificate.map { seen.insert($0.fingerprint).inserted } ?? false
    }
    bySubject = Dictionary(grouping: certificates) { entries[$0].certificate?.subjectEncoded ?? [] }
  }

  /// The issuer that was found for a certificate.
  func issuer(of certificate: CertificateFacts) -> CertificateFacts? { issuers[certificate.fingerprint] }

  mutating func run() {
    for index in certificates {
      guard let certificate = entries[index].certificate else { continue }
      if certificate.isSelfIssued, checkSelf(certificate, at: entries[index].item.location) { continue }
      findIssuer(of: certificate, at: entries[index].item.location)
    }
    for index in entries.indices {
      if let list = entries[index].revocationList { findIssuer(of: list, at: entries[index].item.location) }
    }
    guard neighbourhood == .namedTogether else { return }
    for index in certificates where entries[index].certificate?.role == .leaf { checkReachesAuthority(index) }
  }

  // MARK: - One step

  /// True when the certificate signed itself.
  private mutating func checkSelf(_ certificate: CertificateFacts, at location: InspectionReport.Location) -> Bool {
    guard spend() else { return true }
    switch SignatureCheck.check(certificate.signature, over: certificate.signedBytes, by: certificate.publicKey) {
    case .valid, .unavailable: return true
    case .invalid: break
    }
    // Two keys of one authority may sign each other under one name.
    let namesakes = bySubject[certificate.issuerEncoded] ?? []
    if namesakes.count > 1 { return false }
    var report = FindingList(location: location)
    report.add(
      .badSignature, .error, "the certificate names itself as its issuer, and its signature isn't made by its key",
      why: "it was changed after it was made, or another key of the same authority signed it",
      fix: "copy it again from where it was made, or add that key's certificate")
    findings += report.findings
    return true
  }

  private mutating func findIssuer(of certificate: CertificateFacts, at location: InspectionReport.Location) {
    let namesakes = (bySubject[certificate.issuerEncoded] ?? []).filter {
      entries[$0].certificate?.fingerprint != certificate.fingerprint
    }
    guard let match = match(certificate.signature, over: certificate.signedBytes, among: namesakes) else { return }
    guard let issuer = entries[match.index].certificate else { return }
    guard match.check != .invalid else { return reportBadSignature(certificate, by: issuer, at: location) }
    issuers[certificate.fingerprint] = issuer
    let kind: InspectionReport.Relation.Kind = match.check == .valid ? .issuedBy : .issuedByName
    relations.append(.init(kind: kind, subject: location, object: entries[match.index].item.location))
    judge(certificate, issuer: issuer, at: location)
  }

  private mutating func findIssuer(of list: RevocationListFacts, at location: InspectionReport.Location) {
    let namesakes = bySubject[list.issuerEncoded] ?? []
    guard let match = match(list.signature, over: list.signedBytes, among: namesakes) else { return }
    guard match.check != .invalid else {
      var report = FindingList(location: location)
      report.add(
        .badSignature, .error, "the revocation list isn't signed by the authority that it names (\(list.issuer))",
        why: "it belongs to another key of the same name, or was changed", fix: "fetch the list of this authority again"
      )
      findings += report.findings
      return
    }
    let kind: InspectionReport.Relation.Kind = match.check == .valid ? .issuedBy : .issuedByName
    relations.append(.init(kind: kind, subject: location, object: entries[match.index].item.location))
  }

  /// The namesake whose key made the signature; else one for which we can't tell; else one for which it is wrong.
  private mutating func match(
    _ signature: SignatureFacts, over bytes: [UInt8], among namesakes: [Int]
  ) -> (index: Int, check: SignatureCheck)? {
    var best: (index: Int, check: SignatureCheck)?
    for index in namesakes {
      guard let key = entries[index].certificate?.publicKey, spend() else { break }
      let check = SignatureCheck.check(signature, over: bytes, by: key)
      if check == .valid { return (index, check) }
      if best == nil || best?.check == .invalid { best = (index, check) }
    }
    return best
  }

  private mutating func spend() -> Bool {
    guard budget > 0 else { return false }
    budget -= 1
    return true
  }

  private mutating func judge(
    _ certificate: CertificateFacts, issuer: CertificateFacts, at location: InspectionReport.Location
  ) {
    var report = FindingList(location: location)
    if issuer.role == .leaf {
      report.add(
        .issuerNotAuthority, .error, "issued by a certificate that isn't an authority (\(issuer.title))",
        why: "verifiers refuse it: basicConstraints of the issuer lacks CA:TRUE", fix: "have it issued by the authority"
      )
    }
    if let end = certificate.notAfter, let issuerEnd = issuer.notAfter, end > issuerEnd {
      report.add(
        .outlivesIssuer, .warning,
        "valid until \(DERTime.rfc3339(end)), longer than its issuer, which ends at \(DERTime.rfc3339(issuerEnd))",
        why: "it stops working with its issuer, earlier than its own date says",
        fix: "plan its renewal by the issuer's end")
    }
    findings += report.findings
  }

  private mutating func reportBadSignature(
    _ certificate: CertificateFacts, by issuer: CertificateFacts, at location: InspectionReport.Location
  ) {
    var why = "another authority of the same name signed it, or it was changed"
    if let wanted = certificate.extensions.authorityKeyIdentifier, let held = issuer.extensions.subjectKeyIdentifier,
      wanted != held
    {
      why =
        "the names are equal, the keys aren't: it wants key \(wanted.hexadecimal), the authority has \(held.hexadecimal)"
    }
    var report = FindingList(location: location)
    report.add(
      .badSignature, .error, "not signed by the key of \(issuer.title)", why: why,
      fix: "find the authority that signed it, or have it issued again")
    findings += report.findings
  }

  // MARK: - The whole way

  /// With authorities named beside a leaf, it is a finding that none of them is above it.
  private mutating func checkReachesAuthority(_ index: Int) {
    guard let leaf = entries[index].certificate, !leaf.isSelfIssued else { return }
    var top = leaf
    var passed: Set<[UInt8]> = [leaf.fingerprint]
    while let issuer = issuers[top.fingerprint], passed.insert(issuer.fingerprint).inserted { top = issuer }
    let file = entries[index].item.location.file
    let others = certificates.filter { entries[$0].item.location.file != file }.compactMap { entries[$0].certificate }
    let authorities = others.filter { $0.role != .leaf }
    guard !authorities.isEmpty, !authorities.contains(where: { passed.contains($0.fingerprint) }) else { return }
    // A wrong signature by a namesake is reported already.
    guard !authorities.contains(where: { $0.subjectEncoded == top.issuerEncoded }) else { return }
    var report = FindingList(location: entries[index].item.location)
    report.add(
      .notIssuedBy, .error, "none of the authorities given here issued it: it names \(top.issuer)",
      why: "a peer that trusts only \(authorities.map(\.title).prefix(3).joined(separator: "; ")) refuses it",
      fix: "add the certificate of \(top.issuer), or have it issued by the authority that the peer trusts")
    findings += report.findings
  }
}
