/// The codes of the findings that concern files of any system, beside those of an inspection
/// (``Diagnosis/FindingCode``).
package enum LintCode: String, Hashable, Sendable, CaseIterable {
  case fleetFile = "fleet-file"
  case missingFile = "missing-file"
  case objectName = "object-name"
  case objectKey = "object-key"
  case objectValue = "object-value"
  case objectTooLarge = "object-too-large"
  case privateKeyInConfigMap = "private-key-in-config-map"
}

extension Problem {
  init(_ code: LintCode, what: String, why: String, fix: String) {
    self.init(code.rawValue, what: what, why: why, fix: fix)
  }
}
