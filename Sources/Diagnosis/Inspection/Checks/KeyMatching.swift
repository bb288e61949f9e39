/// Which key belongs to which certificate or request.
struct KeyMatching {
  private(set) var relations: [InspectionReport.Relation] = []
  private(set) var findings: [InspectionReport.Finding] = []
  private let groups: [InspectedGroup]
  private let neighbourhood: Inspection.Neighbourhood

  init(_ groups: [InspectedGroup], _ neighbourhood: Inspection.Neighbourhood) {
    self.groups = groups
    self.neighbourhood = neighbourhood
    for index in groups.indices {
      for entry in groups[index].entries { match(entry, in: index) }
    }
  }

  private mutating func match(_ entry: InspectedGroup.Entry, in index: Int) {
    guard let key = entry.privateKey?.publicKey else { return }
    let own = groups[index].entries.filter { $0.certifiedKey != nil && isCandidate($0, for: entry, in: index) }
    let others = candidates(for: entry, outside: index)
    let matches = (own + others).filter { $0.certifiedKey?.isSameKey(as: key) == true }
    relations += matches.map { .init(kind: .keyOf, subject: entry.item.location, object: $0.item.location) }
    let matchesOwn = own.contains { $0.certifiedKey?.isSameKey(as: key) == true }
    if !own.isEmpty, !matchesOwn {
      report(entry, beside: own)
    } else if own.isEmpty, matches.isEmpty, isMeant(entry, for: others) {
      report(entry, beside: others)
    }
  }

  /// In a Secret or a table, `tls.key` has nothing to do with `ca.crt`; `ca.key` has.
  private func isCandidate(_ other: InspectedGroup.Entry, for entry: InspectedGroup.Entry, in index: Int) -> Bool {
    guard [.secret, .values].contains(groups[index].kind) else { return true }
    // `data`, or the table that all of it stands in.
    let table = groups[index].kind == .secret ? "data" : groups[index].location.path ?? ""
    func isTrust(_ entry: InspectedGroup.Entry) -> Bool {
      NamePromise.isTrustBundle(String((entry.item.location.path ?? "").dropFirst(table.count)))
    }
    return !isTrust(other) || isTrust(entry)
  }

  private func candidates(for entry: InspectedGroup.Entry, outside index: Int) -> [InspectedGroup.Entry] {
    let stem = NamePromise.stem(entry.item.location.file)
    var others = groups.indices.filter { $0 != index }.map { groups[$0] }
    if neighbourhood == .sharedFolder {
      guard groups[index].kind == .file else { return [] }
      others = others.filter { $0.kind == .file && NamePromise.stem($0.location.file) == stem }
    }
    return others.flatMap(\.entries).filter { $0.certifiedKey != nil }
  }

  /// Certificates in other files are meant for a key when one is a leaf or a request, shares the key's file name, or is
  /// the only one.
  private func isMeant(_ entry: InspectedGroup.Entry, for others: [InspectedGroup.Entry]) -> Bool {
    let stem = NamePromise.stem(entry.item.location.file)
    return others.count == 1
      || others.contains {
        $0.request != nil || $0.certificate?.role == .leaf || NamePromise.stem($0.item.location.file) == stem
      }
  }

  private mutating func report(_ entry: InspectedGroup.Entry, beside candidates: [InspectedGroup.Entry]) {
    let names = candidates.map(\.item.location.description).prefix(3).joined(separator: ", ")
    let kinds = candidates.compactMap { $0.certifiedKey?.summary }.prefix(3).joined(separator: ", ")
    var report = FindingList(location: entry.item.location)
    report.add(
      .keyMismatch, .error, "the key doesn't match \(names)",
      why:
        "the key is \(entry.privateKey?.summary ?? "another"), there is \(kinds) with another public key: no server starts with this pair",
      fix: "find the key that the request was made with, or make a new request with this key")
    findings += report.findings
  }
}
