import Formats
import TLSRuntime

/// The part of the Kubernetes API that we need: reading, server-side apply, deletion, and patches of workloads.
package struct KubernetesClient: Sendable {
  /// As which the cluster remembers the fields that we set.
  package static let fieldManager = "countersign"

  package let access: ClusterAccess
  let session: APISession

  package init(_ access: ClusterAccess, settings: APISettings = APISettings()) {
    self.access = access
    session = APISession(access, settings)
  }

  /// The object; nil when it is not there.
  /// - Throws: ``KubernetesError``.
  package func get(_ object: ObjectReference) async throws(KubernetesError) -> ClusterObject? {
    let call = Call(verb: "get", object)
    let answer = try await send(HTTPSRequest(.get, target(object.path)), call)
    if isAbsence(answer, of: object) { return nil }
    return try await clusterObject(answer, call)
  }

  /// How the fields of an object are applied.
  package struct ApplyOptions: Hashable, Sendable {
    /// Take over fields that other managers have set.
    package var force = false
    /// Let the server decide everything and store nothing.
    package var isDryRun = false

    package init(force: Bool = false, isDryRun: Bool = false) {
      self.force = force
      self.isDryRun = isDryRun
    }
  }

  /// Server-side apply: the object gets these fields, and loses those that we set before and no longer name.
  /// - Parameter configuration: JSON with apiVersion, kind, metadata and the fields that are ours.
  /// - Returns: the whole object as it is then.
  /// - Throws: `.conflict`, `.invalid`, `.forbidden`, `.notFound` for the namespace, and others.
  package func apply(
    _ object: ObjectReference, configuration: [UInt8], options: ApplyOptions
  ) async throws(KubernetesError) -> ClusterObject {
    var query = "?fieldManager=\(Self.fieldManager)&force=\(options.force)"
    if options.isDryRun { query += "&dryRun=All" }
    var request = HTTPSRequest(.patch, target(object.path) + query, body: configuration)
    // JSON is YAML.
    request.fields = [("Content-Type", "application/apply-patch+yaml")]
    var call = Call(verb: "patch", object)
    call.redaction = Redaction(ofConfiguration: JSONValue.decode(configuration))
    return try await clusterObject(try await send(request, call), call)
  }

  /// Which object is meant to be deleted: another one of that name stays.
  package struct Preconditions: Hashable, Sendable {
    package var uid: String
    package var resourceVersion: String?

    package init(uid: String, resourceVersion: String? = nil) {
      self.uid = uid
      self.resourceVersion = resourceVersion
    }
  }

  /// Deletes an object; one that is gone already is fine.
  /// - Throws: `.changedMeanwhile` when the preconditions don't hold, and others.
  package func delete(_ object: ObjectReference, _ preconditions: Preconditions) async throws(KubernetesError) {
    var conditions: [String: JSONValue] = ["uid": .string(preconditions.uid)]
    conditions["resourceVersion"] = preconditions.resourceVersion.map { .string($0) }
    let options: JSONValue = [
      "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": .object(conditions),
      "propagationPolicy": "Background",
    ]
    var request = HTTPSRequest(.delete, target(object.path), body: options.encoded())
    request.fields = [("Content-Type", "application/json")]
    let call = Call(verb: "delete", object)
    let answer = try await send(request, call)
    if isAbsence(answer, of: object) { return }
    try await check(answer, call)
  }

  /// Puts back an object that was deleted.
  func create(_ object: ObjectReference, _ content: JSONValue) async throws(KubernetesError) {
    var request = HTTPSRequest(
      .post, target(object.kind.path(namespace: object.namespace)) + "?fieldManager=\(Self.fieldManager)",
      body: content.encoded())
    request.fields = [("Content-Type", "application/json")]
    var call = Call(verb: "create", object)
    call.redaction = Redaction(ofConfiguration: content)
    try await check(try await send(request, call), call)
  }

  /// Sets the annotation by which `kubectl rollout restart` restarts the pods.
  /// - Parameter time: RFC 3339.
  /// - Returns: nil when there is no such workload.
  func annotateForRestart(_ workload: Workload, time: String) async throws(KubernetesError) -> ClusterObject? {
    let patch: JSONValue = [
      "spec": ["template": ["metadata": ["annotations": ["kubectl.kubernetes.io/restartedAt": .string(time)]]]]
    ]
    var request = HTTPSRequest(
      .patch, target(workload.object.path) + "?fieldManager=\(Self.fieldManager)", body: patch.encoded())
    request.fields = [("Content-Type", "application/strategic-merge-patch+json")]
    let call = Call(verb: "patch", workload.object)
    let answer = try await send(request, call)
    if isAbsence(answer, of: workload.object) { return nil }
    return try await clusterObject(answer, call)
  }

  func target(_ path: String) -> String { access.server.pathPrefix + path }
}

/// An object as the cluster holds it.
package struct ClusterObject: Hashable, Sendable {
  package var content: JSONValue

  package var uid: String { content["metadata"]?["uid"]?.string ?? "" }
  package var resourceVersion: String { content["metadata"]?["resourceVersion"]?.string ?? "" }
  package var name: String { content["metadata"]?["name"]?.string ?? "" }
  package var isBeingDeleted: Bool { content["metadata"]?["deletionTimestamp"]?.string != nil }
  /// The type of a Secret.
  package var type: String? { content["type"]?.string }
}

// A Secret's content is not to be printed by mistake.
extension ClusterObject: CustomStringConvertible, CustomReflectable {
  package var description: String { "\(content["kind"]?.string ?? "object") \(name)" }
  package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}
