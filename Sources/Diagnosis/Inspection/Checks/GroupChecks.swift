/// What is wrong with things that are kept together: order, duplicates, strangers.
struct GroupChecks {
  let group: InspectedGroup
  let issuers: IssuerSearch

  func findings() -> [InspectionReport.Finding] {
    if group.kind == .secret || group.kind == .values {
      return parts().flatMap { GroupChecks(group: $0, issuers: issuers).findings() }
    }
    guard !group.certificates.isEmpty else { return [] }
    return duplicates() + (isTrustBundle ? trustBundle() : order())
  }

  private var isTrustBundle: Bool { group.isTrustBundle || group.kind == .trustStore }

  /// A Secret and a table of a values file are bundles of files: `tls.crt` is one, `ca.crt` another.
  func parts() -> [InspectedGroup] {
    let byPath = Dictionary(grouping: group.entries) { $0.item.location.path ?? "" }
    return byPath.sorted { $0.key < $1.key }.map { path, entries in
      var part = group
      part.kind = .file
      part.entries = entries
      part.location.path = path
      part.location.line = entries.first?.item.location.line
      // `data.ca.crt` is the key `ca.crt` of a Secret; `agents.caChain.cert` is named by its table as well.
      let names =
        group.kind == .secret
        ? path.split(separator: ".", maxSplits: 1).suffix(1) : path.split(separator: ".").suffix(2)
      part.isTrustBundle = names.contains { NamePromise.isTrustBundle(String($0)) }
      return part
    }
  }

  private func duplicates() -> [InspectionReport.Finding] {
    var first: [[UInt8]: InspectionReport.Location] = [:]
    var found: [InspectionReport.Finding] = []
    for entry in group.certificates {
      guard let certificate = entry.certificate else { continue }
      guard let earlier = first.updateValue(entry.item.location, forKey: certificate.fingerprint) else { continue }
      first[certificate.fingerprint] = earlier
      var report = FindingList(location: entry.item.location)
      report.add(
        .duplicate, .warning, "the same certificate as at \(earlier.description): \(certificate.title)",
        why: "bundles that are appended to on every run grow without end, and Java refuses a second alias",
        fix: "remove one: countersign trust add deduplicates")
      found += report.findings
    }
    return found
  }

  /// A chain begins with its leaf, and each certificate is issued by the next (RFC 8446 §4.4.2, RFC 5246 §7.4.2).
  private func order() -> [InspectionReport.Finding] {
    let certificates = group.certificates.compactMap(\.certificate)
    let leaves = certificates.filter { $0.role == .leaf }
    guard leaves.count == 1, let leaf = leaves.first, certificates.count > 1 else { return [] }
    var path = [leaf]
    while let next = path.last.flatMap(issuers.issuer), !path.contains(where: { $0.fingerprint == next.fingerprint }),
      certificates.contains(where: { $0.fingerprint == next.fingerprint })
    {
      path.append(next)
    }
    let held = certificates.filter { certificate in path.contains { $0.fingerprint == certificate.fingerprint } }
    var seen: Set<[UInt8]> = []
    let unique = held.filter { seen.insert($0.fingerprint).inserted }
    guard path.count > 1, unique.map(\.fingerprint) != path.map(\.fingerprint) else {
      return path.count > 1 || certificates.first?.role == .leaf ? [] : leafAfterAuthorities(leaf)
    }
    var report = FindingList(location: group.location)
    report.add(
      .chainOrder, .error, "the chain is out of order: \(unique.map(\.title).joined(separator: " → "))",
      why: "a server sends the chain as it stands; the leaf comes first, and nginx takes the first for its own",
      fix: "order it: \(path.map(\.title).joined(separator: " → "))")
    return report.findings
  }

  private func leafAfterAuthorities(_ leaf: CertificateFacts) -> [InspectionReport.Finding] {
    leaf.isSelfIssued ? [] : leafFinding(leaf)
  }

  private func trustBundle() -> [InspectionReport.Finding] {
    var found: [InspectionReport.Finding] = []
    if let key = group.entries.first(where: \.isPrivateKey) {
      var report = FindingList(location: key.item.location)
      report.add(
        .privateKeyInTrustBundle, .error, "a private key among certificates to trust",
        why: "bundles are handed out to everybody",
        fix: "take the key out, and replace it if the file ever left its machine")
      found += report.findings
    }
    let certificates = group.certificates.compactMap(\.certificate)
    for leaf in certificates where leaf.role == .leaf && !leaf.isSelfIssued { found += leafFinding(leaf) }
    return found
  }

  private func leafFinding(_ leaf: CertificateFacts) -> [InspectionReport.Finding] {
    let location = group.entries.first { $0.certificate?.fingerprint == leaf.fingerprint }?.item.location
    var report = FindingList(location: location ?? group.location)
    report.add(
      .leafInTrustBundle, .warning, "a leaf among authorities: \(leaf.title)",
      why: "it is trusted only as itself by some verifiers, by others not at all, and ends with its renewal",
      fix: "trust its issuer instead: \(leaf.issuer)")
    return report.findings
  }
}
