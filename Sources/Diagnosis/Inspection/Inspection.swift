package import Formats
package import Foundation

/// Says what files are and what is wrong with them.
package enum Inspection {
  /// A file's name, as the operator wrote it, and its bytes.
  package struct NamedBytes: Hashable, Sendable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// No file that holds certificates and keys comes near it. Larger ones aren't looked into.
  package static let sizeLimit = 8 << 20

  /// Reads the files and judges them, each by itself and all of them together.
  /// - Parameters:
  ///   - password: opens encrypted keys and key stores; without it they are described from outside.
  ///   - legacy: opens what old tools encrypted with 3DES and RC2.
  package static func inspect(
    _ files: [NamedBytes], password: String? = nil, at now: Date, legacy: (any LegacyDecryption)? = nil
  ) -> InspectionReport {
    var findings: [InspectionReport.Finding] = []
    var groups: [InspectedGroup] = []
    for file in files {
      var reader = FileReader(file: file, password: password, legacy: legacy)
      reader.read()
      findings += reader.findings
      groups += reader.groups
    }
    let entries = groups.flatMap(\.entries)
    findings += entries.flatMap { ItemChecks.findings(of: $0.item, at: now) }
    var chains = IssuerSearch(entries)
    chains.run()
    findings += chains.findings
    findings += groups.flatMap { GroupChecks(group: $0, issuers: chains).findings() }
    let keys = KeyMatching(groups)
    findings += keys.findings
    var report = InspectionReport(inspected: now)
    report.items = entries.map(\.item).map(Provenance.annotated)
    report.relations = keys.relations + chains.relations
    report.findings = ordered(findings, by: files.map(\.name))
    return report
  }

  private static func ordered(
    _ findings: [InspectionReport.Finding], by files: [String]
  ) -> [InspectionReport.Finding] {
    let ranks = Dictionary(files.enumerated().map { ($1, $0) }) { first, _ in first }
    var seen: Set<InspectionReport.Finding> = []
    let once = findings.filter { seen.insert($0).inserted }
    func key(_ index: Int) -> (Int, Int, Int) {
      let place = once[index].location
      return (ranks[place.file] ?? 0, place.line ?? 0, index)
    }
    return once.indices.sorted { key($0) < key($1) }.map { once[$0] }
  }
}

/// Things that are meant to work together: a PEM file, an entry of a key store, a Secret, one table of a values file.
struct InspectedGroup: Hashable, Sendable {
  enum Kind: Hashable, Sendable { case file, storeEntry, trustStore, secret, values }

  var kind: Kind
  /// Where findings about the whole are reported.
  var location: InspectionReport.Location
  /// The group is a set of certificates to trust, as its name says.
  var isTrustBundle: Bool
  var entries: [Entry] = []

  /// An item, with its content by kind.
  struct Entry: Hashable, Sendable {
    var item: InspectionReport.Item

    var certificate: CertificateFacts? {
      if case .certificate(let facts) = item.content { facts } else { nil }
    }
    var privateKey: PrivateKeyFacts? {
      if case .privateKey(let facts) = item.content { facts } else { nil }
    }
    var request: RequestFacts? {
      if case .request(let facts) = item.content { facts } else { nil }
    }
    var revocationList: RevocationListFacts? {
      if case .revocationList(let facts) = item.content { facts } else { nil }
    }
    var isPrivateKey: Bool {
      switch item.content {
      case .privateKey, .encryptedKey: true
      default: false
      }
    }
    /// The public key of a certificate or a request.
    var certifiedKey: PublicKeyFacts? { certificate?.publicKey ?? request?.publicKey }
  }

  var certificates: [Entry] { entries.filter { $0.certificate != nil } }
}
