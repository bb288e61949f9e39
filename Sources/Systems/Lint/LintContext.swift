package import Foundation

/// The files that are linted together: a Secret in one may be what a values file in another names.
package struct LintContext: Sendable {
  package let files: [LintFile]
  package var now: Date
  /// Certificates that expire within this are findings.
  package var warning: Duration
  /// The Secrets and ConfigMaps in all files.
  package let objects: [ManifestObject]
  private let objectsByName: [String: ManifestObject]
  private let filesByPath: [String: LintFile]

  package init(files: [LintFile], now: Date, warning: Duration = .seconds(30 * 86_400)) {
    self.files = files
    self.now = now
    self.warning = warning
    objects = files.flatMap(\.objects)
    objectsByName = Dictionary(objects.map { ($0.name, $0) }) { first, _ in first }
    filesByPath = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
  }

  /// The one Secret or ConfigMap of a name, in whatever namespace.
  package func object(named name: String) -> ManifestObject? { objectsByName[name] }

  package func file(_ path: String) -> LintFile? { filesByPath[path] }
}
