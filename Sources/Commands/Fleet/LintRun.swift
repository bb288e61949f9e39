import Formats
import Foundation
import Systems

/// Reads what `lint` was given, and has it judged.
struct LintRun {
  let now: Date
  /// Nil where the operator said nothing.
  let warning: Duration?
  private var files: [LintFile] = []
  private var fleets: [LintFile] = []
  private var routers: [LintFile] = []
  private var seen: Set<String> = []

  init(now: Date, warning: Duration?) {
    self.now = now
    self.warning = warning
  }

  /// Takes a file, or all files below a folder.
  /// - Throws: ``FileFailure``; ``CommandError`` for a folder without files.
  mutating func add(_ path: String) throws {
    for name in try FolderWalk.files(at: path) where seen.insert(Self.identity(name)).inserted {
      let file = LintFile(path: name, bytes: try InputFile.read(name))
      if file.documents.contains(where: Fleet.isLikely) {
        fleets.append(file)
      } else if RouterLint.isRouter(file, isNamed: name == path) {
        routers.append(file)
      } else {
        files.append(file)
      }
    }
  }

  func facts() throws -> LintFacts {
    var findings: [Finding] = []
    var read: Set<String> = []
    for file in fleets {
      let fleet = FleetFiles(file: file, now: now, warning: warning)
      let result = try fleet.lint()
      findings += result.findings
      read.formUnion([file.path] + result.files)
    }
    for file in routers {
      let result = RouterLint(file: file, now: now, warning: warning).lint()
      findings += result.findings
      read.formUnion([file.path] + result.files)
    }
    // What these files name was judged by what they say.
    let judged = Set(read.map(Self.identity))
    let others = files.filter { !judged.contains(Self.identity($0.path)) }
    findings += FleetLint.findings(
      in: LintContext(files: others, now: now, warning: warning ?? .seconds(30 * 86_400)))
    return LintFacts(findings: FleetLint.ordered(findings), files: judged.count + others.count)
  }

  private static func identity(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

/// A fleet file with the files that it names, and what was delivered.
private struct FleetFiles {
  let file: LintFile
  let now: Date
  let warning: Duration?

  /// - Returns: the findings, and the paths of the files that were read.
  func lint() throws -> (findings: [Finding], files: [String]) {
    let fleet: Result<Fleet, FleetErrors> = Result { () throws(FleetErrors) in
      try Fleet(file.bytes, path: file.path)
    }
    switch fleet {
    case .success(let fleet): return try lint(fleet)
    case .failure(let errors): return (errors.all.map { FleetLint.finding($0, in: file.path) }, [])
    }
  }

  private func lint(_ fleet: Fleet) throws -> (findings: [Finding], files: [String]) {
    var findings: [Finding] = []
    var read: [String] = []
    for member in fleet.members {
      let (found, inputs) = try inputs(fleet, member)
      findings += found
      for files in [inputs, try delivered(member)] {
        let context = LintContext(files: files, now: now, warning: warning ?? fleet.expiryWarning)
        findings += FleetLint.findings(in: context, declared: member.system).map(shown)
        read += files.map { path($0.path) }
      }
    }
    return (findings, read)
  }

  /// The files that a system and its nodes name, and what is wrong with the declaration once they are there: names that
  /// collide or don't fit.
  private func inputs(_ fleet: Fleet, _ member: Fleet.Member) throws -> (findings: [Finding], files: [LintFile]) {
    var (files, missing) = try read(fleet.inputs(of: member))
    guard missing.isEmpty else { return (missing.map { FleetLint.finding(missing: $0, in: file.path) }, files) }
    let contents = InputFiles(Dictionary(files.map { ($0.path, $0.bytes) }) { first, _ in first })
    let nodes: Result<[Node], FleetError> = Result { () throws(FleetError) in
      try member.system.checkedNodes(contents)
    }
    switch nodes {
    case .failure(let error):
      let finding = FleetLint.finding(error, in: file.path)
      return ([finding.file == file.path ? finding : shown(finding)], files)
    case .success(let nodes):
      let known = Set(files.map(\.path))
      let more = try read(Fleet.inputs(of: nodes).filter { !known.contains($0.path) })
      files += more.files
      return (more.missing.map { FleetLint.finding(missing: $0, in: file.path) }, files)
    }
  }

  /// The files by their paths as declared; what may be missing and is, is left out.
  private func read(_ references: [InputReference]) throws -> (files: [LintFile], missing: [InputReference]) {
    var files: [LintFile] = []
    var missing: [InputReference] = []
    for reference in references {
      let path = path(reference.path)
      if OutputFiles.exists(path) {
        files.append(LintFile(path: reference.path, bytes: try InputFile.read(path)))
      } else if !reference.isOptional {
        missing.append(reference)
      }
    }
    return (files, missing)
  }

  private func delivered(_ member: Fleet.Member) throws -> [LintFile] {
    let folder = "out/\(member.name)"
    guard OutputFiles.exists(path(folder)) else { return [] }
    let prefix = path("")
    return try FolderWalk.files(at: path(folder)).map { file in
      LintFile(path: String(file.dropFirst(prefix.count)), bytes: try InputFile.read(file))
    }
  }

  /// A path of the fleet file's as the operator would write it here.
  private func path(_ declared: String) -> String {
    guard !declared.hasPrefix("/"), let slash = file.path.lastIndex(of: "/") else { return declared }
    return String(file.path[...slash]) + declared
  }

  private func shown(_ finding: Finding) -> Finding {
    var finding = finding
    finding.file = path(finding.file)
    return finding
  }
}
