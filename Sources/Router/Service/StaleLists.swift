import Foundation
import Logging

/// Revocation lists that are wanted somewhere, and how old they are.
struct ListAge {
  /// Where the peers come from whose certificates are looked up.
  enum Place: Hashable {
    case listener(String)
    case cluster(String)
  }

  let place: Place
  let staleSince: Date
  /// Whether none has come yet.
  let isMissing: Bool
  let whenStale: RevocationSource.WhenStale

  /// What it means that they are stale; nil where they aren't.
  func problem(at now: Date) -> String? {
    guard isMissing || now > staleSince else { return nil }
    let cause = isMissing ? "no revocation list has come yet" : "the revocation lists are stale"
    let end = isMissing ? "until one comes" : "until fresh ones come"
    return switch (place, whenStale) {
    case (.listener, .closed): "\(cause): nobody is let in \(end)"
    case (.cluster, .closed): "\(cause): no backend is trusted \(end)"
    case (_, .open) where isMissing: "\(cause): whoever was revoked is taken for good \(end)"
    case (_, .open): "\(cause): what they said last goes on to hold"
    }
  }
}

extension ListAge {
  /// Nil where no lists are wanted.
  init?(_ listener: ListenerState) {
    self.init(.listener(listener.name), listener.recipe, staleSince: listener.revocationStaleSince)
  }

  init?(_ cluster: ClusterState) {
    self.init(.cluster(cluster.name), cluster.recipe, staleSince: cluster.revocationStaleSince)
  }

  private init?(_ place: Place, _ recipe: TLSRecipe?, staleSince: Date?) {
    guard let recipe, let source = recipe.revocation, let staleSince else { return nil }
    self.init(
      place: place, staleSince: staleSince, isMissing: recipe.listsMissingSince != nil, whenStale: source.whenStale)
  }
}

/// Tells when revocation lists become stale, and when they are fresh again.
struct StaleLists {
  private var told: [ListAge.Place: String] = [:]

  mutating func tell(of snapshot: Snapshot, at now: Date, _ logger: Logger) {
    var problems: [ListAge.Place: String] = [:]
    for age in snapshot.listeners.compactMap({ ListAge($0) }) + snapshot.clusters.compactMap({ ListAge($0) }) {
      let problem = age.problem(at: now)
      problems[age.place] = problem
      guard problem != told[age.place] else { continue }
      var metadata: Logger.Metadata =
        switch age.place {
        case .listener(let name): ["listener": "\(name)"]
        case .cluster(let name): ["cluster": "\(name)"]
        }
      guard let problem else {
        logger.info("the revocation lists are fresh again", metadata: metadata)
        continue
      }
      metadata["since"] = "\(age.staleSince.formatted(.iso8601))"
      logger.log(level: age.whenStale == .closed ? .error : .warning, "\(problem)", metadata: metadata)
    }
    told = problems
  }
}
