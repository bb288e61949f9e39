import Credentials
import Foundation
import Systems
import Yams

private typealias Node = Yams.Node

/// HOME/config.yaml: defaults, and who may get what.
struct HomeConfiguration {
  struct Defaults {
    var lifetime: Duration = .seconds(90 * 86_400)
    var key: KeyKind = .p256
    var profile: Profile = .node
  }

  var defaults = Defaults()
  var policy: IssuancePolicy = .unrestricted

  /// - Throws: ``ConfigurationError`` with file, line and column; ``FileFailure``.
  static func load(_ path: String) throws -> HomeConfiguration {
    guard OutputFiles.exists(path) else { return HomeConfiguration() }
    let bytes = try InputFile.read(path, limit: 1 << 20)
    let root: Node?
    do {
      // The basic resolver: ours are all texts, and the default one compiles seven regular expressions at each start.
      root = try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self), .basic)
    } catch let error as YamlError {
      throw ConfigurationError(path: path, line: error.markedLine, problem: "it is not YAML: \(error.summary)")
    }
    guard let root, root.null == nil else { return HomeConfiguration() }
    return try ConfigurationReader(path: path).configuration(root)
  }

  /// What a new home's file says: nothing yet, with an example of everything.
  static let template = """
    # Defaults and policy of this authority. What is left out keeps its default.
    #
    # defaults: {lifetime: 90d, key: p256, profile: node}
    #
    # A request is allowed by the first rule that permits all of it. Without any rule, whoever holds the passphrase
    # of the CA key decides. Names are patterns (* stands for any run of characters) or address ranges.
    #
    # policy:
    #   - {names: ["*.agents.example", 10.0.0.0/8], orgs: [ORG1], keys: [p256, rsa4096], profiles: [node], longest: 90d}

    """
}

/// What is wrong with a configuration file, and where.
struct ConfigurationError: ExplainedError {
  var path: String
  var line: Int?
  var column: Int?
  var problem: String
  var advice: String?

  var message: String {
    let place = [line, column].compactMap { $0 }.map { ":\($0)" }.joined()
    return "\(path)\(place): \(problem)"
  }
  var hint: String? { advice ?? "docs/configuration.md lists what may stand here" }
  var kind: FailureKind { .badInput }
}

/// Turns the nodes of config.yaml into values; a key that isn't known is an error.
private struct ConfigurationReader {
  let path: String

  func configuration(_ root: Node) throws -> HomeConfiguration {
    var result = HomeConfiguration()
    let entries = try mapping(root, knowing: ["defaults", "policy"])
    if let node = entries["defaults"] { result.defaults = try defaults(node) }
    if let node = entries["policy"] {
      let rules = try list(node)
      guard !rules.isEmpty else { throw failure(node, "policy has no rules: nothing could be signed") }
      result.policy = IssuancePolicy(rules: try rules.enumerated().map { try rule($1, number: $0 + 1) })
    }
    return result
  }

  private func defaults(_ node: Node) throws -> HomeConfiguration.Defaults {
    var result = HomeConfiguration.Defaults()
    let entries = try mapping(node, knowing: ["lifetime", "key", "profile"])
    if let node = entries["lifetime"] { result.lifetime = try duration(node) }
    if let node = entries["key"] { result.key = try choice(node) }
    if let node = entries["profile"] { result.profile = try choice(node) }
    return result
  }

  private func rule(_ node: Node, number: Int) throws -> PolicyRule {
    let entries = try mapping(
      node, knowing: ["name", "names", "orgs", "keys", "profiles", "admissions", "longest"])
    var rule = PolicyRule(label: "\(number) (\(path):\(node.mark?.line ?? 0))")
    if let name = entries["name"] { rule.label = "\"\(try text(name))\" (\(path):\(node.mark?.line ?? 0))" }
    rule.names = try entries["names"].map { try list($0).map { NamePattern(try text($0)) } }
    rule.organizations = try entries["orgs"].map { try list($0).map(text) }
    rule.keys = try entries["keys"].map { try list($0).map { try choice($0) } }
    rule.profiles = try entries["profiles"].map { try list($0).map { try choice($0) } }
    rule.admissions = try entries["admissions"].map { try list($0).map { try choice($0) } }
    rule.longest = try entries["longest"].map(duration)
    return rule
  }

  private func mapping(_ node: Node, knowing known: [String]) throws -> [String: Node] {
    guard let mapping = node.mapping else { throw failure(node, "a mapping is expected here") }
    var entries: [String: Node] = [:]
    for (key, value) in mapping {
      guard let name = key.string, known.contains(name) else {
        let name = key.string ?? "?"
        throw failure(
          key, "unknown key \"\(name)\"",
          advice: NearestWord.find(name, among: known).map { "did you mean \"\($0)\"?" }
            ?? "known here: \(known.joined(separator: ", "))")
      }
      entries[name] = value
    }
    return entries
  }

  private func list(_ node: Node) throws -> [Node] {
    guard let sequence = node.sequence else { throw failure(node, "a list is expected here") }
    return Array(sequence)
  }

  private func text(_ node: Node) throws -> String {
    guard let text = node.scalar?.string else { throw failure(node, "text is expected here") }
    return text
  }

  private func duration(_ node: Node) throws -> Duration {
    let text = try text(node)
    guard let duration = Duration(operatorText: text), duration > .zero else {
      throw failure(node, "\"\(text)\" is not a duration", advice: "for example 12h, 90d, 10y")
    }
    return duration
  }

  private func choice<Choice: RawRepresentable & CaseIterable>(_ node: Node) throws -> Choice
  where Choice.RawValue == String {
    let text = try text(node)
    guard let choice = Choice(rawValue: text) else {
      throw failure(
        node, "\"\(text)\" is not known here",
        advice: "one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  private func failure(_ node: Node, _ problem: String, advice: String? = nil) -> ConfigurationError {
    ConfigurationError(path: path, line: node.mark?.line, column: node.mark?.column, problem: problem, advice: advice)
  }
}

extension YamlError {
  fileprivate var markedLine: Int? {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    default: nil
    }
  }

  fileprivate var summary: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
    case .duplicatedKeysInMapping(let duplicates, _):
      "the key \(duplicates.map { "\($0)" }.joined(separator: ", ")) stands twice"
    default: "it can't be read"
    }
  }
}
