extension ClusterApplication {
  /// Secrets and ConfigMaps with these labels that are not among those to keep, sorted.
  /// - Throws: ``KubernetesError``.
  package func prunable(
    _ selector: LabelSelector, namespaces: Set<String>, keeping: Set<ObjectReference>
  ) async throws(KubernetesError) -> [KubernetesClient.Listed] {
    // Without a label everything would match.
    guard !selector.labels.isEmpty else { return [] }
    var found: [KubernetesClient.Listed] = []
    for namespace in namespaces.sorted() {
      for kind in [ResourceKind.secret, .configMap] {
        found += try await client.list(kind, namespace: namespace, labelSelector: selector)
      }
    }
    return found.filter { !keeping.contains($0.object) }.sorted { $0.object < $1.object }
  }

  /// Deletes just the objects that were listed, not others that have taken their names since.
  /// - Throws: `.incomplete` with what was deleted and what wasn't.
  package func delete(
    _ listed: [KubernetesClient.Listed], progress: (ObjectReference) -> Void = { _ in }
  ) async throws(KubernetesError) {
    _ = try await write(listed, of: \.object, progress: progress) { entry throws(KubernetesError) in
      try await client.delete(entry.object, entry.preconditions)
    }
  }

  /// The names of a release's StatefulSets, sorted: agents' Secrets are named after them.
  /// - Throws: ``KubernetesError``.
  package func statefulSets(namespace: String, release: String) async throws(KubernetesError) -> [String] {
    try await client.list(
      .statefulSet, namespace: namespace, labelSelector: ["app.kubernetes.io/instance": release]
    ).map(\.object.name).sorted()
  }
}
