/// Which key belongs to which certificate or request.
struct KeyMatching {
  private(set) var relations: [InspectionReport.Relation] = []
  private(set) var findings: [InspectionReport.Finding] = []
  private let groups: [InspectedGroup]

  init(_ groups: [InspectedGroup]) {
    self.groups = groups
    for index in groups.indices {
      for entry in groups[index].entries { match(entry, in: index) }
    }
  }

  private mutating func match(_ entry: InspectedGroup.Entry, in index: Int) {
    guard let key = entry.privateKey?.publicKey else { return }
    let own = groups[index].entries.filter { $0.certifiedKey != nil }
    let others = groups.indices.filter { $0 != index }.flatMap { groups[$0].entries }.filter { $0.certifiedKey != nil }
    let matches = (own + others).filter { $0.certifiedKey?.isSameKey(as: key) == true }
    relations += matches.map { .init(kind: .keyOf, subject: entry.item.location, object: $0.item.location) }
    let matchesOwn = own.contains { $0.certifiedKey?.isSameKey(as: key) == true }
    if !own.isEmpty, !matchesOwn {
      report(entry, beside: own)
    } else if own.isEmpty, matches.isEmpty, isMeant(entry, for: others) {
      report(entry, beside: others)
    }
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
