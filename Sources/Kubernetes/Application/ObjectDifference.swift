/// What changes between two states of an object, by the paths of fields; never by their values.
struct ObjectDifference {
  /// Such as `data["tls.crt"]` or `metadata.labels["app.kubernetes.io/managed-by"]`, sorted.
  let paths: [String]

  /// Compares what is stored with what an apply would make of it. What the server keeps for itself is left out.
  init(from live: ClusterObject, to applied: ClusterObject) {
    var found: Set<String> = []
    Self.compare(Self.withoutServerFields(live.content), Self.withoutServerFields(applied.content), "", &found)
    // The same fields, but from now on ours: nothing that an operator sees, but the next apply depends on it.
    if found.isEmpty, Self.owned(live) != Self.owned(applied) { found.insert("metadata.managedFields") }
    paths = found.sorted()
  }

  private static let serverFields: Set<String> = [
    "managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink",
  ]

  private static func withoutServerFields(_ content: JSONValue) -> JSONValue {
    guard var members = content.object else { return content }
    members["metadata"] = members["metadata"]?.object.map { .object($0.filter { !serverFields.contains($0.key) }) }
    return .object(members)
  }

  /// The fields that we applied, as the server has written them down.
  private static func owned(_ object: ClusterObject) -> JSONValue? {
    object.content["metadata"]?["managedFields"]?.array?.first {
      $0["manager"]?.string == KubernetesClient.fieldManager && $0["operation"]?.string == "Apply"
    }?["fieldsV1"]
  }

  private static func compare(_ old: JSONValue?, _ new: JSONValue?, _ path: String, _ found: inout Set<String>) {
    guard old != new else { return }
    // Depth is bounded: both were decoded with a limit.
    let (left, right) = (old?.object, new?.object)
    guard left != nil || right != nil, left != nil || old == nil, right != nil || new == nil else {
      found.insert(path)
      return
    }
    let keys = Set((left ?? [:]).keys).union((right ?? [:]).keys)
    if keys.isEmpty { found.insert(path) }
    for key in keys { compare(left?[key], right?[key], Self.step(path, key), &found) }
  }

  private static func step(_ path: String, _ key: String) -> String {
    let isPlain = key.utf8.allSatisfy { (0x61...0x7a).contains($0 | 0x20) || (0x30...0x39).contains($0) }
    if !isPlain { return "\(path)[\"\(PrintableText.line(key))\"]" }
    return path.isEmpty ? key : "\(path).\(key)"
  }
}
