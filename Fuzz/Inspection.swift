import Diagnosis
import Formats

func fuzzInspection(_ bytes: [UInt8]) {
  let file = Inspection.NamedBytes(name: "input.pem", bytes: bytes)
  let report = Inspection.inspect([file, file], password: seedPassword, at: fixedTime)
  for finding in report.findings { _ = "\(finding)" }
}
