import Formats

/// What the defects of a PEM file mean to those who read it.
enum PEMDefects {
  /// What the PEM stands in: advice differs.
  enum Carrier { case file, values, secret }

  static func finding(
    _ defect: PEM.Defect, in file: String, _ carrier: Carrier = .file, at location: InspectionReport.Location? = nil
  ) -> InspectionReport.Finding {
    var explanation = explanation(defect.kind, file: file.printable)
    switch carrier {
    case .file: break
    case .values: explain(defect.kind, inValues: &explanation)
    case .secret: explanation.fix = "mend the file that the Secret was made from, and make the Secret again"
    }
    return InspectionReport.Finding(
      code: explanation.code, severity: explanation.severity,
      location: location ?? InspectionReport.Location(file: file, line: defect.line), what: defect.kind.explanation,
      why: explanation.why, fix: explanation.fix)
  }

  private static func explain(_ kind: PEM.Defect.Kind, inValues explanation: inout Explanation) {
    switch kind {
    case .fusedLines:
      explanation.why = "without `|` behind the key, YAML joins the lines of a text, and readers find no BEGIN line"
    case .indentation:
      explanation.why = "what reads the value gets these spaces too, and finds no BEGIN line behind them"
    case .escapedNewlines: explanation.why = "YAML takes \\n for a newline between double quotes only"
    default: break
    }
    switch kind {
    case .badBase64, .unterminated, .mismatchedEnd, .strayEnd, .damagedMarker, .tooLarge: break
    default: explanation.fix = "put the PEM behind `|`, each of its lines indented alike and deeper than the key"
    }
  }

  static func isAboutMarkers(_ defect: PEM.Defect) -> Bool {
    switch defect.kind {
    case .unterminated, .strayEnd, .damagedMarker, .mismatchedEnd, .badBase64, .tooLarge: true
    default: false
    }
  }

  private typealias Explanation = (
    code: FindingCode, severity: InspectionReport.Finding.Severity, why: String, fix: String
  )

  private static func explanation(_ kind: PEM.Defect.Kind, file: String) -> Explanation {
    let rewrite = "write it anew: countersign convert \(file) -o OUT.pem"
    let copy = "copy it again from where it was made"
    return switch kind {
    case .byteOrderMark:
      (.pemByteOrderMark, .error, "openssl and Go then don't see the first BEGIN line", rewrite)
    case .utf16:
      (.pemUTF16, .error, "nothing but Windows editors reads it", rewrite)
    case .crlf:
      (
        .pemCRLF, .warning, "most readers take it; scripts and Kubernetes Secrets made from it carry it on",
        "sed -i 's/\\r$//' \(file)"
      )
    case .escapedNewlines:
      (.pemEscapedNewlines, .error, "the text was pasted out of JSON or an environment variable", rewrite)
    case .fusedLines:
      (
        .pemFusedLines, .error, "files without a final newline were put together by cat, and readers lose a block",
        rewrite
      )
    case .indentation:
      (.pemIndentation, .error, "openssl and Go look for BEGIN at the start of a line", rewrite)
    case .trailingWhitespace:
      (
        .pemTrailingWhitespace, .warning, "some readers take spaces as part of the base64",
        "sed -i 's/[ \\t]*$//' \(file)"
      )
    case .missingFinalNewline:
      (.pemMissingFinalNewline, .warning, "cat then fuses this END line with the next BEGIN line", "echo >> \(file)")
    case .badBase64:
      (.pemBadBase64, .error, "the block was edited, cut or mangled on its way", copy)
    case .unterminated:
      (.pemUnterminated, .error, "the file was cut off, or the END line was lost", copy)
    case .mismatchedEnd:
      (.pemMismatchedEnd, .error, "two blocks were mixed up, or a label was edited", copy)
    case .strayEnd:
      (.pemStrayEnd, .error, "the BEGIN line was lost", copy)
    case .damagedMarker:
      (.pemDamagedMarker, .error, "a word processor or a chat replaced the dashes, and no reader finds the block", copy)
    case .tooLarge:
      (.tooLarge, .error, "no file of certificates is as large", "check the file's name")
    }
  }
}
