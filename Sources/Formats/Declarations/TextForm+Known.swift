import Credentials

extension TextForm {
  package static let any = TextForm("text") { $0.isEmpty ? "it is empty" : nil }

  /// A path, relative to the file in which it stands.
  package static let path = TextForm("path") { text in
    if text.isEmpty { return "it is empty" }
    return text.utf8.contains(0) ? "it holds a NUL" : nil
  }

  package static let duration = TextForm("duration", pattern: "^([0-9]+[ywdhms])+$") { text in
    Duration(operatorText: text).map { $0 > .zero } == true ? nil : "durations are written 12h, 90d, 10y"
  }

  /// A DNS name or an address.
  package static let host = TextForm("host") { text in
    SubjectName(host: text) == nil ? "it is neither a DNS name nor an address" : nil
  }
}
