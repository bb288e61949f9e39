import TLSRuntime

extension KubernetesClient {
  /// What is known of an object from a list: never its data.
  package struct Listed: Hashable, Sendable {
    package var object: ObjectReference
    package var preconditions: Preconditions
  }

  private static let pageSize = 500
  private static let pageLimit = 2_000

  /// The objects of a kind in a namespace whose labels match. Asks for their metadata alone.
  /// - Parameter labelSelector: such as `app.kubernetes.io/instance=agents`; see ``LabelSelector``.
  /// - Throws: ``KubernetesError``.
  package func list(
    _ kind: ResourceKind, namespace: String, labelSelector: LabelSelector
  ) async throws(KubernetesError) -> [Listed] {
    var listed: [Listed] = []
    var token: String?
    var isSecondTry = false
    for _ in 0..<Self.pageLimit {
      let page = try await page(kind, namespace, labelSelector, after: token)
      switch page {
      case .expired where !isSecondTry:
        // The list is too old to be continued (410): it begins anew, once.
        isSecondTry = true
        listed = []
        token = nil
      case .expired:
        throw .unexpectedAnswer(action: "list \(kind.plural)", problem: "the list expires while it is read")
      case .items(let items, let next):
        listed += items
        guard let next, !next.isEmpty else { return listed }
        token = next
      }
    }
    throw .unexpectedAnswer(action: "list \(kind.plural)", problem: "the list has no end")
  }

  private enum Page {
    case items([Listed], next: String?)
    case expired
  }

  private func page(
    _ kind: ResourceKind, _ namespace: String, _ selector: LabelSelector, after token: String?
  ) async throws(KubernetesError) -> Page {
    var query = "?labelSelector=\(PathSegment.encode(selector.text))&limit=\(Self.pageSize)"
    if let token { query += "&continue=\(PathSegment.encode(token))" }
    var request = HTTPSRequest(.get, target(kind.path(namespace: namespace)) + query)
    request.fields = [
      ("Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json")
    ]
    let call = Call(verb: "list", resource: "\(kind.plural) in namespace \(namespace)")
    let answer = try await send(request, call)
    if answer.status == 410, token != nil { return .expired }
    try await check(answer, call)
    guard let value = JSONValue.decode(answer.body), let items = value["items"]?.array else {
      throw call.unexpected("the answer is no list")
    }
    let listed = items.compactMap { item -> Listed? in
      let object = ClusterObject(content: item)
      guard !object.name.isEmpty, !object.uid.isEmpty, !object.isBeingDeleted else { return nil }
      return Listed(
        object: ObjectReference(kind, namespace: namespace, name: object.name),
        preconditions: Preconditions(uid: object.uid, resourceVersion: object.resourceVersion))
    }
    return .items(listed, next: value["metadata"]?["continue"]?.string)
  }
}

/// Labels that an object has to have, all of them.
package struct LabelSelector: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  package var labels: [String: String]

  package init(_ labels: [String: String]) { self.labels = labels }

  package init(dictionaryLiteral elements: (String, String)...) {
    labels = Dictionary(elements, uniquingKeysWith: { $1 })
  }

  package var text: String { labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",") }
}
