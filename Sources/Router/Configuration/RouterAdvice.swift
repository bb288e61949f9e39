import Formats

/// What helps against slips that a reader of any file can't know: the nearest key would be the wrong one, or YAML has its
/// own words for it.
enum RouterAdvice {
  /// By the key that isn't known.
  private static let conditions = [
    "ou": "organisational units aren't matched: org is the organisation, and dns, ip and uri are the names",
    "o": "the organisation is org",
    "san": "alternative names are dns, ip and uri",
  ]

  static func better(_ error: DeclarationError, in bytes: [UInt8]) -> DeclarationError {
    var better = error
    better.advice = advice(error, in: bytes) ?? error.advice
    return better
  }

  private static func advice(_ error: DeclarationError, in bytes: [UInt8]) -> String? {
    if let known = conditions.first(where: { error.problem == "unknown key \"\($0.key)\"" }) { return known.value }
    guard error.problem.hasPrefix("it is not YAML"), let place = error.place else { return nil }
    let scalars = line(place.line, of: bytes)
    let taken = scalars.prefix(max(0, place.column - 1))
    // YAML takes *name for an alias.
    let isAlias = error.problem.contains("alphabetic or numeric character") && endsInAlias(taken)
    if error.problem.contains("undefined alias") || isAlias {
      return "a value that begins with * stands in quotes: cn: \"*-robots\""
    }
    guard error.problem.contains("cannot start any token") else { return nil }
    return scalars.dropFirst(taken.count).first == "\t"
      ? "here is a tab, and YAML is indented by spaces" : "a value that begins like this stands in quotes"
  }

  private static func endsInAlias(_ taken: ArraySlice<Unicode.Scalar>) -> Bool {
    for scalar in taken.reversed() {
      if scalar == "*" { return true }
      guard scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "-" || scalar == "_"
      else { return false }
    }
    return false
  }

  /// A line of the file, counted from 1.
  private static func line(_ number: Int, of bytes: [UInt8]) -> [Unicode.Scalar] {
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    guard lines.indices.contains(number - 1) else { return [] }
    return Array(String(decoding: lines[number - 1], as: UTF8.self).unicodeScalars)
  }
}
