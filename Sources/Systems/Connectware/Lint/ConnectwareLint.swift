import Formats
import X509

/// What is wrong with the files of a Connectware installation and its agents.
struct ConnectwareLint {
  private let context: LintContext
  private let declared: Connectware?

  init(_ context: LintContext, declared: Connectware?) {
    self.context = context
    self.declared = declared
  }

  func findings() -> [Finding] {
    var findings: [Finding] = []
    let objects = ConnectwareObjects(context)
    for file in context.files {
      for document in file.documents {
        if AgentValuesFile.isOne(document) {
          findings += AgentValuesLint(AgentValuesFile(document), file: file.path, objects: objects).findings()
        }
        findings += installationFindings(document, file: file.path)
      }
    }
    if let declared {
      findings += AgentFilesLint(declared, context: context).findings()
    }
    return findings
  }

  /// `global.authentication.mTLS` in the values of Connectware's own release.
  private func installationFindings(_ document: YAMLTree, file: String) -> [Finding] {
    guard let authentication = document.at("global", "authentication") else { return [] }
    let known = AgentValuesKey.mTLS
    return (authentication.entries ?? []).filter { $0.key != known && $0.key.lowercased() == known.lowercased() }
      .map { entry in
        Finding(
          .connectwareSpelling("global.authentication.\(entry.key)", known: known), file: file, line: entry.place.line)
      }
  }
}

extension Problem {
  static func connectwareSpelling(_ path: String, known: String) -> Problem {
    Problem(
      "connectware-misspelt-key", what: "\(path) has no effect: the chart reads \(known)",
      why: "Helm says nothing about keys that a chart doesn't read, and what stands below this one is ignored",
      fix: "write \(known)")
  }
}
