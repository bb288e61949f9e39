import Formats
import Router
import Testing

/// router.yaml in tests.
enum RouterYAML {
  /// What a cluster needs at least, so that listeners have somewhere to forward to.
  static let backend = "clusters: [{name: c, endpoints: [\"10.0.0.1:1\"]}]"

  static func parse(_ yaml: String) throws(DeclarationErrors) -> RouterConfiguration {
    try RouterConfigurationFile(path: "etc/router.yaml").parse(Array(yaml.utf8))
  }

  /// A file with one listener, given by its keys, and the cluster `c`.
  static func listener(_ keys: String) -> String { "listeners: [{\(keys)}]\n\(backend)" }

  /// A file with one cluster, given by its keys, and a listener.
  static func cluster(_ keys: String) -> String {
    "listeners: [{name: l, listen: \"unix:/s\", to: c}]\nclusters: [{\(keys)}]"
  }

  static func errors(_ yaml: String) -> [DeclarationError] {
    do {
      _ = try parse(yaml)
      return []
    } catch {
      return error.all
    }
  }
}

/// A file that is refused for one reason, at the place that `§` marks.
struct Mistake: Sendable, CustomTestStringConvertible {
  let yaml: String
  let place: String
  let problem: String

  init(_ marked: String, _ problem: String) {
    let before = marked.prefix { $0 != "§" }
    let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
    yaml = marked.filter { $0 != "§" }
    place = "\(lines.count):\((lines.last?.count ?? 0) + 1)"
    self.problem = problem
  }

  static func listener(_ keys: String, _ problem: String) -> Mistake { Mistake(RouterYAML.listener(keys), problem) }
  static func cluster(_ keys: String, _ problem: String) -> Mistake { Mistake(RouterYAML.cluster(keys), problem) }

  var testDescription: String { problem }
  /// How the message has to begin.
  var message: String { "etc/router.yaml:\(place): \(problem)" }
}
