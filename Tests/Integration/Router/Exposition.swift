import PKITestKit

/// A page in Prometheus' text exposition format (version 0.0.4), read as strictly as its words are: each family once,
/// with HELP and TYPE before its samples, no series twice, histograms that add up.
struct Exposition {
  struct Series: Hashable {
    var name: String
    var labels: [String: String]
  }

  private(set) var values: [Series: Double] = [:]
  private var kinds: [String: String] = [:]
  private var helps: Set<String> = []
  private var order: [Series] = []

  /// - Throws: the line that isn't as it has to be.
  init(_ text: String) throws {
    guard text.hasSuffix("\n") else { throw Self.failure("its end isn't the end of a line", text.suffix(100)) }
    var family = ""
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("#") {
        family = try addComment(line, after: family)
      } else {
        try addSample(line, of: family)
      }
    }
    for (family, kind) in kinds where kind == "histogram" { try checkHistogram(family) }
  }

  /// The value of a series of the router's; nil where there is none.
  func value(_ name: String, _ labels: [String: String]) -> Double? {
    values[Series(name: "countersign_router_\(name)", labels: labels)]
  }

  /// All series of a family, by one of their labels.
  func values(_ name: String, by label: String, where labels: [String: String] = [:]) -> [String: Double] {
    var found: [String: Double] = [:]
    for (series, value) in values where series.name == "countersign_router_\(name)" {
      guard let key = series.labels[label], labels.allSatisfy({ series.labels[$0.key] == $0.value }) else { continue }
      found[key, default: 0] += value
    }
    return found
  }

  // MARK: Lines

  private mutating func addComment(_ line: Substring, after family: String) throws -> String {
    let words = line.split(separator: " ", maxSplits: 3).map(String.init)
    guard words.count == 4, words[0] == "#" else { throw Self.failure("it is neither HELP nor TYPE", line) }
    switch words[1] {
    case "HELP":
      guard helps.insert(words[2]).inserted else { throw Self.failure("its family came before", line) }
      return words[2]
    case "TYPE":
      guard words[2] == family, kinds[family] == nil, ["counter", "gauge", "histogram"].contains(words[3]) else {
        throw Self.failure("it doesn't follow its HELP, or is of no kind", line)
      }
      kinds[family] = words[3]
      return family
    default: throw Self.failure("it is neither HELP nor TYPE", line)
    }
  }

  private mutating func addSample(_ line: Substring, of family: String) throws {
    var rest = line
    let name = Self.word(&rest)
    let labels = try Self.labels(&rest)
    guard rest.first == " ", let value = Double(rest.dropFirst()), value.isFinite else {
      throw Self.failure("it has no value", line)
    }
    guard let kind = kinds[family] else { throw Self.failure("nothing says its kind", line) }
    let endings = kind == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
    guard endings.contains(where: { name == family + $0 }) else { throw Self.failure("it isn't of \(family)", line) }
    guard name.hasSuffix("_bucket") == (labels["le"] != nil) else { throw Self.failure("le", line) }
    guard kind != "counter" || name.hasSuffix("_total") && value >= 0 else { throw Self.failure("no counter", line) }
    let series = Series(name: name, labels: labels)
    guard values.updateValue(value, forKey: series) == nil else { throw Self.failure("it stands twice", line) }
    order.append(series)
  }

  private static func labels(_ rest: inout Substring) throws -> [String: String] {
    guard rest.first == "{" else { return [:] }
    let line = rest
    var labels: [String: String] = [:]
    repeat {
      rest.removeFirst()
      let label = word(&rest)
      guard !label.isEmpty, !label.contains(":"), rest.hasPrefix("=\""), labels[label] == nil else {
        throw failure("a label", line)
      }
      rest = rest.dropFirst(2)
      labels[label] = try quoted(&rest)
    } while rest.first == ","
    guard rest.first == "}" else { throw failure("its labels don't end", line) }
    rest.removeFirst()
    return labels
  }

  private static func word(_ rest: inout Substring) -> String {
    let word = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    rest = rest[word.endIndex...]
    return String(word)
  }

  /// Up to the closing quotation mark.
  private static func quoted(_ rest: inout Substring) throws -> String {
    let line = rest
    var text = ""
    while let next = rest.popFirst(), next != "\"" {
      guard next == "\\" else {
        text.append(next)
        continue
      }
      switch rest.popFirst() {
      case "n": text.append("\n")
      case "\\": text.append("\\")
      case "\"": text.append("\"")
      default: throw failure("no such escape", line)
      }
    }
    return text
  }

  // MARK: Histograms

  private func checkHistogram(_ family: String) throws {
    var buckets: [[String: String]: [(bound: Double, count: Double)]] = [:]
    for series in order where series.name == "\(family)_bucket" {
      var labels = series.labels
      let bound = labels.removeValue(forKey: "le") ?? ""
      guard let number = bound == "+Inf" ? .infinity : Double(bound) else { throw Self.failure("le", bound[...]) }
      buckets[labels, default: []].append((number, values[series] ?? 0))
    }
    for (labels, found) in buckets {
      let whole = values[Series(name: "\(family)_count", labels: labels)]
      guard found.last?.bound == .infinity, found.last?.count == whole,
        values[Series(name: "\(family)_sum", labels: labels)] ?? -1 >= 0,
        zip(found, found.dropFirst()).allSatisfy({ $0.bound < $1.bound && $0.count <= $1.count })
      else { throw Self.failure("a histogram that doesn't add up: \(labels)", family[...]) }
    }
  }

  private static func failure(_ what: String, _ line: Substring) -> Tool.Failure {
    Tool.Failure(description: "\(what): \(line)")
  }
}
