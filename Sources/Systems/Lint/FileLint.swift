/// What is wrong with files, whichever system reads them.
package enum FileLint {
  package static func findings(in context: LintContext) -> [Finding] {
    let objects = context.files.flatMap(ObjectRules.findings)
    // What lies in one folder is judged together.
    let folders = Dictionary(grouping: context.files) { folder(of: $0.path) }
    let inspected = folders.sorted { $0.key < $1.key }.flatMap { FolderInspection($0.value, context).findings() }
    return objects + inspected.filter { finding in !objects.contains { isSaidBetter(finding, by: $0) } }
  }

  private static func folder(of path: String) -> Substring {
    path.lastIndex(of: "/").map { path[..<$0] } ?? ""
  }

  /// A private key in a ConfigMap is one, whatever its name promises.
  private static func isSaidBetter(_ finding: Finding, by other: Finding) -> Bool {
    finding.code == "private-key-in-trust-bundle" && other.code == LintCode.privateKeyInConfigMap.rawValue
      && finding.file == other.file && finding.line == other.line
  }
}
