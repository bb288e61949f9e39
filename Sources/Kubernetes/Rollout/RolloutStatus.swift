/// How far the restart of a workload's pods is.
package enum RolloutStatus: Hashable, Sendable {
  /// What it waits for.
  case waiting(String)
  case done
  case failed(String)
  /// It goes no further by itself: what the operator has to do.
  case needsOperator(String)

  /// Reads a Deployment or a StatefulSet (apps/v1), by the same fields as `kubectl rollout status`.
  package static func of(_ object: JSONValue, kind: Workload.Kind) -> RolloutStatus {
    let counts = Counts(object)
    // Until the controller has seen the change, its counts are about the time before.
    guard counts.observedGeneration >= counts.generation, counts.observedGeneration > 0 else {
      return .waiting("the controller has not seen the change yet")
    }
    return switch kind {
    case .deployment: deployment(object, counts)
    case .statefulSet: statefulSet(object, counts)
    }
  }

  private struct Counts {
    let generation, observedGeneration: Int64
    /// The number of pods that is wanted; 1 unless said.
    let wanted: Int64
    let replicas, updated, available, ready: Int64

    init(_ object: JSONValue) {
      let status = object["status"]
      func count(_ field: String) -> Int64 { max(0, status?[field]?.integer ?? 0) }
      generation = object["metadata"]?["generation"]?.integer ?? 0
      observedGeneration = count("observedGeneration")
      wanted = max(0, object["spec"]?["replicas"]?.integer ?? 1)
      replicas = count("replicas")
      updated = count("updatedReplicas")
      available = count("availableReplicas")
      ready = count("readyReplicas")
    }
  }

  private static func deployment(_ object: JSONValue, _ counts: Counts) -> RolloutStatus {
    if object["spec"]?["paused"]?.bool == true { return .needsOperator("it is paused: resume its rollout") }
    let conditions = object["status"]?["conditions"]?.array ?? []
    if let progressing = conditions.first(where: { $0["type"]?.string == "Progressing" }),
      progressing["reason"]?.string == "ProgressDeadlineExceeded"
    {
      return .failed(PrintableText.line(progressing["message"]?.string ?? "its progress deadline is exceeded"))
    }
    if counts.updated < counts.wanted { return .waiting("\(counts.updated) of \(counts.wanted) pods are new") }
    if counts.replicas > counts.updated {
      return .waiting("\(counts.replicas - counts.updated) old pods have not ended yet")
    }
    if counts.available < counts.updated {
      return .waiting("\(counts.available) of \(counts.updated) new pods are available")
    }
    return .done
  }

  private static func statefulSet(_ object: JSONValue, _ counts: Counts) -> RolloutStatus {
    let strategy = object["spec"]?["updateStrategy"]
    let revision = object["status"]?["updateRevision"]?.string
    let isCurrent = revision == object["status"]?["currentRevision"]?.string
    if strategy?["type"]?.string == "OnDelete" {
      guard !isCurrent, counts.updated < counts.wanted else { return .done }
      return .needsOperator("its update strategy is OnDelete: delete its pods, one after the other")
    }
    if counts.ready < counts.wanted { return .waiting("\(counts.ready) of \(counts.wanted) pods are ready") }
    let partition = max(0, strategy?["rollingUpdate"]?["partition"]?.integer ?? 0)
    if partition > 0 {
      let due = max(0, counts.wanted - partition)
      guard counts.updated >= due else { return .waiting("\(counts.updated) of \(due) pods of the partition are new") }
      return due < counts.wanted
        ? .needsOperator("\(counts.wanted - due) pods stay as they are: its partition is \(partition)") : .done
    }
    return isCurrent ? .done : .waiting("\(counts.updated) of \(counts.wanted) pods are new")
  }
}
