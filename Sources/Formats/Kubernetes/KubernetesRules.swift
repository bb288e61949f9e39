/// What the API server asks of a Secret or ConfigMap, and what the two have in common.
struct KubernetesRules {
  /// For messages.
  var kind: String

  /// etcd takes no larger object.
  static let sizeLimit = 1 << 20

  /// - Throws: `.unacceptable` with what is allowed as hint.
  func check(name: String, namespace: String?, data: [KubernetesSecret.Item]) throws(FormatError) {
    guard Self.isSubdomain(name) else {
      throw .unacceptable(
        reason: "'\(name)' can't be the name of a \(kind)",
        hint: "use at most 253 lower-case letters, digits, '-' and '.', with a letter or digit first and last")
    }
    if let namespace, !Self.isLabel(namespace[...]) || namespace.utf8.count > 63 {
      throw .unacceptable(
        reason: "'\(namespace)' can't be the name of a namespace",
        hint: "use at most 63 lower-case letters, digits and '-', with a letter or digit first and last")
    }
    var keys: Set<String> = []
    for item in data {
      guard Self.isKey(item.key) else {
        throw .unacceptable(
          reason: "'\(item.key)' can't be a key of the \(kind) '\(name)'",
          hint: "use at most 253 letters, digits, '-', '_' and '.'; '..' may not come first")
      }
      guard keys.insert(item.key).inserted else {
        throw .unacceptable(
          reason: "the key '\(item.key)' of the \(kind) '\(name)' is given twice", hint: "name each key once")
      }
    }
    let size = data.reduce(0) { $0 + $1.value.count }
    guard size <= Self.sizeLimit else {
      throw .unacceptable(
        reason: "the \(kind) '\(name)' would hold \(size) bytes, and a cluster takes \(Self.sizeLimit)",
        hint: "leave out what its reader doesn't need")
    }
  }

  /// The lines of an object's metadata as kubectl prints them.
  static func metadata(name: String, namespace: String?) -> [String] {
    ["metadata:", "  creationTimestamp: null", "  name: \(YAMLText.scalar(name))"]
      + (namespace.map { ["  namespace: \(YAMLText.scalar($0))"] } ?? [])
  }

  // MARK: Names (RFC 1123, as the API server checks it)

  private static func isSubdomain(_ name: String) -> Bool {
    name.utf8.count <= 253 && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
  }

  private static func isLabel(_ label: Substring) -> Bool {
    guard let first = label.utf8.first, let last = label.utf8.last else { return false }
    return isLowerOrDigit(first) && isLowerOrDigit(last)
      && label.utf8.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isKey(_ key: String) -> Bool {
    !key.isEmpty && key.utf8.count <= 253 && key != "." && !key.hasPrefix("..")
      && key.utf8.allSatisfy { isLowerOrDigit($0) || isUpper($0) || "-_.".utf8.contains($0) }
  }

  private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || isDigit(byte)
  }

  private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

// MARK: The order of keys
extension KubernetesRules {
  /// As kubectl sorts them: numbers by their value, and letters after other characters.
  static func sorted(_ items: [KubernetesSecret.Item]) -> [KubernetesSecret.Item] {
    // That is no order for all keys (10, 1a and 001 precede each other in turn), so it must start from one.
    items.sorted { $0.key < $1.key }.sorted { precedes(Array($0.key.utf8), Array($1.key.utf8)) }
  }

  private static func precedes(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    guard let index = zip(one, other).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
      return one.count < other.count
    }
    let (left, right) = (one[index], other[index])
    switch (isLetter(left), isLetter(right)) {
    case (true, true): return left < right
    case (false, false): break
    case (_, let rightIsLetter): return rightIsLetter
    }
    // A zero further left counts for nothing, unless a digit other than zero stands before it.
    let before = one[..<index].reversed().prefix(while: isDigit)
    let isInsideNumber = before.contains { $0 != UInt8(ascii: "0") }
    let numbers = [one, other].map { bytes in
      let run = bytes[index...].prefix(while: isDigit)
      return (digits: isInsideNumber ? Array(run) : Array(run.drop { $0 == UInt8(ascii: "0") }), length: run.count)
    }
    let (first, second) = (numbers[0], numbers[1])
    if first.digits.count != second.digits.count { return first.digits.count < second.digits.count }
    if first.digits != second.digits { return first.digits.lexicographicallyPrecedes(second.digits) }
    return first.length != second.length ? first.length < second.length : left < right
  }

  private static func isLetter(_ byte: UInt8) -> Bool { isUpper(byte) || (isLowerOrDigit(byte) && !isDigit(byte)) }
}
