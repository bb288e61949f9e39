import Formats
import Systems

/// All rules on the bytes as each sort of file, and together.
func fuzzLint(_ bytes: [UInt8]) {
  let files = ["values.yaml", "config.toml", "ca.pem", "unnamed"].map { LintFile(path: $0, bytes: bytes) }
  let found = FleetLint.findings(in: LintContext(files: files, now: fixedTime))
  require(FleetLint.ordered(found) == FleetLint.ordered(FleetLint.ordered(found)), "the order isn't one")
  for finding in found { require(!finding.what.isEmpty && !finding.fix.isEmpty, "a finding says nothing") }
  do throws(FleetErrors) {
    let fleet = try Fleet(bytes, path: "fleet.yaml")
    for member in fleet.members {
      _ = fleet.inputs(of: member)
      _ = FleetLint.findings(in: LintContext(files: files, now: fixedTime), declared: member.system)
    }
  } catch {
    for error in error.all { _ = FleetLint.finding(error, in: "fleet.yaml") }
  }
}
