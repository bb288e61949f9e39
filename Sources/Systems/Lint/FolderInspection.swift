import Diagnosis
import Formats
import Foundation

/// What an inspection finds in the files of one folder, as findings of lint.
struct FolderInspection {
  private let files: [String: LintFile]
  private let report: InspectionReport

  init(_ files: [LintFile], _ context: LintContext) {
    self.files = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    var settings = Inspection.Settings()
    settings.expiryWarning = context.warning
    settings.neighbourhood = .sharedFolder
    let inputs = files.filter(Self.isWorthALook).map { Inspection.NamedBytes(name: $0.path, bytes: $0.bytes) }
    report = Inspection.inspect(inputs, settings, at: context.now)
  }

  func findings() -> [Finding] {
    report.findings.filter(isMeant).map(Finding.init)
  }

  private static let jksMagic: [UInt8] = [0xFE, 0xED, 0xFE, 0xED]

  /// Files that hold neither certificates nor YAML, such as a README, are no failed attempt at one.
  private static func isWorthALook(_ file: LintFile) -> Bool {
    switch file.content {
    case .yaml, .pem: true
    case .toml: false
    case .other:
      FileEnding(file.path) == .credential || FileEnding.isYAML(file.path) || file.bytes.starts(with: jksMagic)
    }
  }

  private func isMeant(_ finding: InspectionReport.Finding) -> Bool {
    let file = files[finding.location.file]
    switch finding.code {
    // Values without PEM are in order, and empty ones too.
    case .notPEM, .emptyFile: return finding.location.path != nil || file.map { !isYAML($0) } ?? true
    // A chart's templates become YAML only when they are rendered.
    case .invalidYAML, .misplacedPEM: return file.map { !isTemplate($0) } ?? true
    // Under a name of its own in a Java store, a leaf is pinned on purpose: Java takes any entry for an anchor.
    case .leafInTrustBundle: return finding.location.alias == nil
    default: return true
    }
  }

  private func isYAML(_ file: LintFile) -> Bool {
    if case .yaml = file.content { return true }
    return FileEnding.isYAML(file.path)
  }

  private func isTemplate(_ file: LintFile) -> Bool {
    file.path.split(separator: "/").contains("templates") && String(decoding: file.bytes, as: UTF8.self).contains("{{")
  }
}

extension Finding {
  init(_ finding: InspectionReport.Finding) {
    let place = finding.location.alias.map { "[\($0)]: " } ?? finding.location.path.map { "\($0): " } ?? ""
    let problem = Problem(
      finding.code.rawValue, what: place + finding.what, why: finding.why, fix: finding.fix)
    self.init(
      problem, finding.severity == .error ? .error : .warning, file: finding.location.file, line: finding.location.line)
  }
}
