/// Whether bundles of authorities fit the certificates that stand beside them: in one folder, in one Secret, in
/// neighbouring tables of a values file.
struct BundleChecks {
  /// The certificates of one file, of one key of a Secret, of one value.
  private struct Shelf {
    enum Scope: Hashable {
      case folder
      /// By the number of the group.
      case secret(Int)
      /// A value, by the steps of its path.
      case value(file: String, path: [String])
    }

    var scope: Scope
    /// Of the file or the key.
    var name: String
    var isBundle: Bool
    var location: InspectionReport.Location
    var certificates: [InspectedGroup.Entry]

    var authorities: [CertificateFacts] { certificates.compactMap(\.certificate).filter { $0.role != .leaf } }
    var leaves: [InspectedGroup.Entry] {
      certificates.filter { $0.certificate?.role == .leaf && $0.certificate?.isSelfIssued == false }
    }
  }

  private let issuers: IssuerSearch
  private let bundles: [Shelf]
  private let others: [Shelf]

  init(_ groups: [InspectedGroup], issuers: IssuerSearch) {
    self.issuers = issuers
    let shelves = groups.enumerated().flatMap { index, group in
      Self.shelves(of: group, number: index, issuers: issuers)
    }
    bundles = shelves.filter { $0.isBundle && !$0.authorities.isEmpty }
    others = shelves.filter { !$0.isBundle && !$0.leaves.isEmpty }
  }

  func findings() -> [InspectionReport.Finding] { bundles.flatMap(order) + others.flatMap(reach) }

  private static func shelves(of group: InspectedGroup, number: Int, issuers: IssuerSearch) -> [Shelf] {
    switch group.kind {
    case .storeEntry, .trustStore: return []
    case .file:
      let location = group.certificates.first?.item.location ?? group.location
      return [
        Shelf(
          scope: .folder, name: group.location.file, isBundle: group.isTrustBundle, location: location,
          certificates: group.certificates)
      ]
    case .secret, .values:
      return GroupChecks(group: group, issuers: issuers).parts().map { part in
        let path = (part.location.path ?? "").split(separator: ".").map(String.init)
        return Shelf(
          scope: group.kind == .secret ? .secret(number) : .value(file: group.location.file, path: path),
          name: path.suffix(2).joined(separator: "."), isBundle: part.isTrustBundle, location: part.location,
          certificates: part.certificates)
      }
    }
  }

  // MARK: - What stands beside what

  private static func isBeside(_ shelf: Shelf, _ bundle: Shelf) -> Bool {
    switch (shelf.scope, bundle.scope) {
    case (.folder, .folder): return true
    case (.secret(let one), .secret(let other)): return one == other
    case (.value(let file, let path), .value(let bundleFile, let bundlePath)):
      // `mTLS.caChain.cert` belongs to `mTLS.keyPair.cert`, and `tls.ca` to `tls.cert`.
      let step = bundlePath.suffix(2).lastIndex { NamePromise.isTrustBundle($0) } ?? bundlePath.count - 1
      let table = bundlePath.prefix(max(step, 0))
      return file == bundleFile && path.starts(with: table) && path.count <= table.count + 2
    default: return false
    }
  }

  // MARK: - Rules

  /// Programs that take one certificate of a file take the first: `openssl x509 -CA`, Substra's orchestrator. Of roots
  /// that have nothing to do with each other any may be first, unless the name promises a single one.
  private func order(_ bundle: Shelf) -> [InspectionReport.Finding] {
    let authorities = bundle.authorities
    guard let first = authorities.first, authorities.count > 1 else { return [] }
    let beside = others.filter { Self.isBeside($0, bundle) }.flatMap(\.leaves).compactMap(\.certificate)
    let found = beside.compactMap(issuers.issuer)
    guard !found.contains(where: { $0.fingerprint == first.fingerprint }),
      let issuer = found.first(where: { held in authorities.contains { $0.fingerprint == held.fingerprint } }),
      NamePromise.isOneAuthority(bundle.name)
        || ancestors(of: issuer).contains(where: { $0.fingerprint == first.fingerprint })
    else { return [] }
    var report = FindingList(location: bundle.location)
    report.add(
      .bundleOrder, .warning,
      "the bundle's first certificate, \(first.title), issued none of the certificates beside it; \(issuer.title) did",
      why: "programs that take one certificate of a bundle take the first, and then refuse these or sign with another",
      fix: "put \(issuer.title) first, or into a file of its own")
    return report.findings
  }

  /// In a Secret or in values, what stands together is used together. In a folder it needn't be.
  private func reach(_ shelf: Shelf) -> [InspectionReport.Finding] {
    guard shelf.scope != .folder else { return [] }
    let authorities = bundles.filter { Self.isBeside(shelf, $0) }.flatMap(\.authorities)
    guard !authorities.isEmpty else { return [] }
    return shelf.leaves.flatMap { entry -> [InspectionReport.Finding] in
      guard let leaf = entry.certificate else { return [] }
      let path = ancestors(of: leaf)
      let top = path.last ?? leaf
      // A wrong signature by a namesake is reported already.
      let isReached = authorities.contains { authority in
        path.contains { $0.fingerprint == authority.fingerprint } || authority.subjectEncoded == top.issuerEncoded
      }
      guard !isReached else { return [] }
      var report = FindingList(location: entry.item.location)
      report.add(
        .notIssuedBy, .warning, "none of the authorities beside it issued it: it names \(top.issuer)",
        why: "a peer that trusts only \(authorities.map(\.title).prefix(3).joined(separator: "; ")) refuses it",
        fix: "put the certificate of \(top.issuer) there, unless peers have other authorities")
      return report.findings
    }
  }

  /// The issuers above a certificate, nearest first.
  private func ancestors(of certificate: CertificateFacts) -> [CertificateFacts] {
    var path: [CertificateFacts] = []
    var passed: Set<[UInt8]> = [certificate.fingerprint]
    while let issuer = issuers.issuer(of: path.last ?? certificate), passed.insert(issuer.fingerprint).inserted {
      path.append(issuer)
    }
    return path
  }
}
