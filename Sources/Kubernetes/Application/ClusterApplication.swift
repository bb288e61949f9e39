/// Brings objects into a cluster, by server-side apply, as the field manager `countersign`.
package struct ClusterApplication: Sendable {
  /// An object to apply.
  package struct Item: Hashable, Sendable {
    package var object: ObjectReference
    /// JSON of the fields that are ours, with apiVersion, kind and metadata.
    package var configuration: [UInt8]
    /// The type of a Secret, which can't be changed later.
    package var type: String?

    package init(_ object: ObjectReference, configuration: [UInt8]) {
      self.object = object
      self.configuration = configuration
      let type = JSONValue.decode(configuration)?["type"]?.string
      self.type = object.kind == .secret ? type ?? "Opaque" : nil
    }
  }

  /// Which objects of others may be in the way. What others set after the plan was shown is never taken over.
  package struct Permissions: Hashable, Sendable {
    /// Take over fields that other managers have set.
    package var force: Bool
    /// Delete a Secret of another type and make it anew.
    package var replace: Bool

    package init(force: Bool = false, replace: Bool = false) {
      self.force = force
      self.replace = replace
    }
  }

  package let client: KubernetesClient
  /// How long a deleted object may take to be gone.
  var removalTimeout: Duration = .seconds(30)

  package init(_ client: KubernetesClient) { self.client = client }

  // MARK: - Planning

  /// Finds out what applying each object would do: reads it, and lets the server apply it without storing anything.
  /// - Throws: ``KubernetesError`` where the cluster can't be asked at all: unreachable, or our credentials refused.
  ///   What it says of one object is a ``ClusterChange/Action/refused(_:)``.
  package func plan(_ items: [Item]) async throws(KubernetesError) -> [ClusterChange] {
    let results = await items.mapConcurrently { item in
      await attempt { () throws(KubernetesError) in try await plan(item) }
    } finished: { _, result in
      result.isSuccess
    }
    // The first failure, not that of a request which was under way beside it.
    var changes: [ClusterChange] = []
    for result in results { if let result { changes.append(try result.get()) } }
    return changes
  }

  private func plan(_ item: Item) async throws(KubernetesError) -> ClusterChange {
    var change = ClusterChange(item: item, action: .create)
    do throws(KubernetesError) {
      let live = try await client.get(item.object)
      change.live = live.map { .init(uid: $0.uid, resourceVersion: $0.resourceVersion) }
      if let live, let type = item.type, let former = live.type, former != type {
        change.action = .replace(from: former, to: type)
        return change
      }
      let applied = try await dryRun(item, force: false)
      change.action = live.map { Self.action(from: $0, to: applied) } ?? .create
    } catch {
      guard error.isAboutOneObject else { throw error }
      if case .conflict(_, let conflicts) = error {
        change.action = .conflict(conflicts, changes: try await changesByForce(item))
      } else {
        change.action = .refused(error)
      }
    }
    return change
  }

  private static func action(from live: ClusterObject, to applied: ClusterObject) -> ClusterChange.Action {
    let paths = ObjectDifference(from: live, to: applied).paths
    return paths.isEmpty ? .unchanged : .update(paths)
  }

  /// What a forced apply would change; nothing is known of it when that is refused as well.
  private func changesByForce(_ item: Item) async throws(KubernetesError) -> [String] {
    do throws(KubernetesError) {
      guard let live = try await client.get(item.object) else { return [] }
      return ObjectDifference(from: live, to: try await dryRun(item, force: true)).paths
    } catch {
      guard error.isAboutOneObject else { throw error }
      return []
    }
  }

  private func dryRun(_ item: Item, force: Bool) async throws(KubernetesError) -> ClusterObject {
    try await client.apply(
      item.object, configuration: item.configuration, options: .init(force: force, isDryRun: true))
  }

  // MARK: - Applying

  /// Applies what was planned, several objects at a time.
  /// - Parameter progress: called after each object that was written.
  /// - Returns: the objects that were written.
  /// - Throws: `.blocked` before anything is written, when an object is refused, or is in conflict or of another type
  ///   without permission; `.incomplete` with what was written and what wasn't.
  @discardableResult
  package func apply(
    _ changes: [ClusterChange], _ permissions: Permissions,
    progress: (ObjectReference) -> Void = { _ in }
  ) async throws(KubernetesError) -> [ObjectReference] {
    let blocking = changes.filter { $0.isBlocked(permissions) }
    guard blocking.isEmpty else { throw .blocked(blocking) }
    let pending = changes.filter(\.isPending)
    return try await write(pending, of: \.item.object, progress: progress) { change throws(KubernetesError) in
      try await apply(change, permissions)
    }
  }

  /// Does something with each object, and goes on when one is refused.
  /// - Returns: the objects that it was done with.
  /// - Throws: `.incomplete`, or the failure itself where nothing was done before the cluster was out of reach.
  func write<Element: Sendable>(
    _ elements: [Element], of object: (Element) -> ObjectReference, progress: (ObjectReference) -> Void,
    _ action: @escaping @Sendable (Element) async throws(KubernetesError) -> Void
  ) async throws(KubernetesError) -> [ObjectReference] {
    let results = await elements.mapConcurrently { element in
      await attempt { () throws(KubernetesError) in try await action(element) }
    } finished: { element, result in
      if result.isSuccess { progress(object(element)) }
      // The others would fail in the same way.
      return result.failure?.isAboutOneObject ?? true
    }
    var written: [ObjectReference] = []
    var failures: [ObjectFailure] = []
    var untried: [ObjectReference] = []
    for (element, result) in zip(elements, results) {
      switch result {
      case .success: written.append(object(element))
      case .failure(let error): failures.append(ObjectFailure(object: object(element), error: error))
      case nil: untried.append(object(element))
      }
    }
    if written.isEmpty, let error = failures.first?.error, !error.isAboutOneObject { throw error }
    guard failures.isEmpty else { throw .incomplete(done: written, failures: failures, untried: untried) }
    return written
  }

  private func apply(_ change: ClusterChange, _ permissions: Permissions) async throws(KubernetesError) {
    let item = change.item
    var options = KubernetesClient.ApplyOptions()
    if case .conflict = change.action { options.force = permissions.force }
    guard case .replace = change.action, let live = change.live else {
      _ = try await client.apply(item.object, configuration: item.configuration, options: options)
      return
    }
    try await replace(item, live, options)
  }

  /// Deletes the object that the plan has seen, and no other; puts it back if the new one is not accepted.
  private func replace(
    _ item: Item, _ live: KubernetesClient.Preconditions, _ options: KubernetesClient.ApplyOptions
  ) async throws(KubernetesError) {
    guard let former = try await client.get(item.object), former.uid == live.uid else {
      throw .changedMeanwhile(item.object)
    }
    try await client.delete(item.object, live)
    try await waitUntilGone(item.object, uid: live.uid)
    do throws(KubernetesError) {
      _ = try await client.apply(item.object, configuration: item.configuration, options: options)
    } catch {
      // Best effort: the first error is the one to tell.
      try? await client.create(item.object, former.forCreation)
      throw error
    }
  }

  private func waitUntilGone(_ object: ObjectReference, uid: String) async throws(KubernetesError) {
    let end = ContinuousClock.now + removalTimeout
    while let remaining = try await client.get(object), remaining.uid == uid {
      guard ContinuousClock.now < end else {
        throw .refused(status: 409, action: "replace \(object)", said: "a finalizer keeps it from being deleted")
      }
      do { try await Task.sleep(for: .milliseconds(200)) } catch { throw .cancelled }
    }
  }
}

// The configuration of a Secret is made of secrets: printed by mistake, it shows which object it is.
extension ClusterApplication.Item: CustomStringConvertible, CustomReflectable {
  package var description: String { object.description }
  package var customMirror: Mirror { Mirror(self, children: ["object": object]) }
}

extension ClusterChange {
  fileprivate func isBlocked(_ permissions: ClusterApplication.Permissions) -> Bool {
    switch action {
    case .create, .update, .unchanged: false
    case .conflict: !permissions.force
    case .replace: !permissions.replace
    case .refused: true
    }
  }
}

extension ClusterObject {
  /// The object without what the server gave it, so that it can be made again.
  fileprivate var forCreation: JSONValue {
    guard var members = content.object, let metadata = members["metadata"]?.object else { return content }
    let kept: Set<String> = ["name", "namespace", "labels", "annotations", "ownerReferences", "finalizers"]
    members["metadata"] = .object(metadata.filter { kept.contains($0.key) })
    return .object(members)
  }
}

/// A typed throw as a value, for task groups.
private func attempt<Value>(
  _ body: () async throws(KubernetesError) -> Value
) async -> Result<Value, KubernetesError> {
  do throws(KubernetesError) { return .success(try await body()) } catch { return .failure(error) }
}

extension Result {
  fileprivate var failure: Failure? { if case .failure(let error) = self { error } else { nil } }
  fileprivate var isSuccess: Bool { failure == nil }
}

extension KubernetesError {
  /// Whether other objects may fare better.
  var isAboutOneObject: Bool {
    switch self {
    case .forbidden, .notFound, .conflict, .changedMeanwhile, .invalid, .refused: true
    default: false
    }
  }
}
