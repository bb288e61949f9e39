package import Foundation

/// Restarts workloads, one after the other, each once the one before it is done.
package struct Rollout: Sendable {
  package struct Pacing: Sendable {
    package var interval: Duration = .seconds(2)
    /// For one workload.
    package var deadline: Duration = .seconds(600)

    package init() {}

    package init(interval: Duration, deadline: Duration) {
      self.interval = interval
      self.deadline = deadline
    }
  }

  package enum Outcome: Hashable, Sendable {
    case done
    /// There is no such workload, and so nothing to restart.
    case absent
    /// What the operator has to do before all pods are new.
    case needsOperator(String)
  }

  package struct Result: Hashable, Sendable {
    package var workload: Workload
    package var outcome: Outcome

    package init(workload: Workload, outcome: Outcome) {
      self.workload = workload
      self.outcome = outcome
    }
  }

  let client: KubernetesClient
  let pacing: Pacing

  package init(_ client: KubernetesClient, pacing: Pacing = Pacing()) {
    self.client = client
    self.pacing = pacing
  }

  /// Restarts the pods of each workload, in order, and waits for them.
  /// - Parameters:
  ///   - time: stands in the annotation; the same time again restarts nothing.
  ///   - progress: called with every change of a workload's status.
  /// - Throws: `.rolloutFailed`, `.rolloutTimedOut` (the workloads after that one are left alone), and others.
  @discardableResult
  package func restart(
    _ workloads: [Workload], at time: Date, progress: @Sendable (Workload, RolloutStatus) -> Void = { _, _ in }
  ) async throws(KubernetesError) -> [Result] {
    let text = time.formatted(.iso8601)
    var results: [Result] = []
    for workload in workloads {
      let outcome =
        try await client.annotateForRestart(workload, time: text) == nil
        ? .absent : try await wait(for: workload) { progress(workload, $0) }
      results.append(Result(workload: workload, outcome: outcome))
    }
    return results
  }

  /// Waits until the pods are those of the workload's present template.
  /// - Throws: `.rolloutFailed`, `.rolloutTimedOut`, and others.
  package func wait(
    for workload: Workload, progress: (RolloutStatus) -> Void = { _ in }
  ) async throws(KubernetesError) -> Outcome {
    let end = ContinuousClock.now + pacing.deadline
    var last: RolloutStatus?
    while true {
      guard let object = try await client.get(workload.object) else { return .absent }
      let status = RolloutStatus.of(object.content, kind: workload.kind)
      if status != last { progress(status) }
      last = status
      switch status {
      case .done: return .done
      case .needsOperator(let what): return .needsOperator(what)
      case .failed(let reason): throw .rolloutFailed(workload, reason: reason)
      case .waiting(let what):
        guard ContinuousClock.now < end else { throw .rolloutTimedOut(workload, after: pacing.deadline, last: what) }
      }
      do { try await Task.sleep(for: pacing.interval) } catch { throw .cancelled }
    }
  }
}
