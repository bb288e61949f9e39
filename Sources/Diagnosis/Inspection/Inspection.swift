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

  /// How files are read and judged.
  package struct Settings: Sendable {
    /// Opens encrypted keys and key stores; without it they are described from outside.
    package var password: String?
    /// Opens what old tools encrypted with 3DES and RC2.
    package var legacy: (any LegacyDecryption)?
    /// A certificate with less left than this is a finding. Nil for thirty days, or the last third of a shorter life.
    package var expiryWarning: Duration?
    package var neighbourhood = Neighbourhood.namedTogether

    package init() {}
  }

  /// What it means that files are inspected together.
  package enum Neighbourhood: Hashable, Sendable {
    /// Somebody named them as belonging together.
    case namedTogether
    /// They lie in one folder. A key is held against the file of its name; bundles against what stands beside them.
    case sharedFolder
  }

  /// Reads the files and judges them, each by itself and all of them together.
  package static func inspect(
    _ files: [NamedBytes], password: String? = nil, at now: Date, legacy: (any LegacyDecryption)? = nil
  ) -> InspectionReport {
    var settings = Settings()
    settings.password = password
    settings.legacy = legacy
    return inspect(files, settings, at: now)
  }

  package static func inspect(_ files: [NamedBytes], _ settings: Settings, at now: Date) -> InspectionReport {
    var findings: [InspectionReport.Finding] = []
    var groups: [InspectedGroup] = []
    for file in files {
      var reader = FileReader(file: file, password: settings.password, legacy: settings.legacy)
      reader.read()
      findings += reader.findings
      groups += reader.groups
    }
    let entries = groups.flatMap(\.entries)
    findings += entries.flatMap { ItemChecks.findings(of: $0.item, at: now, warning: settings.expiryWarning) }
    var chains = IssuerSearch(entries, settings.neighbourhood)
    chains.run()
    findings += chains.findings
    findings += groups.flatMap { GroupChecks(group: $0, issuers: chains).findings() }
    if settings.neighbourhood == .sharedFolder { findings += BundleChecks(groups, issuers: chains).findings() }
    let keys = KeyMatching(groups, settings.neighbourhood)
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
