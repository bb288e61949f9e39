/// A ConfigMap object of Kubernetes, as a manifest.
package struct KubernetesConfigMap: Hashable, Sendable {
  package typealias Item = KubernetesSecret.Item

  package var name: String
  package var namespace: String?
  /// Values that are UTF-8 are written as `data`, others as `binaryData`.
  package var data: [Item]

  package init(name: String, namespace: String? = nil, data: [Item]) {
    self.name = name
    self.namespace = namespace
    self.data = data
  }

  package init(name: String, namespace: String? = nil, data: [(String, String)]) {
    self.init(name: name, namespace: namespace, data: data.map { Item(key: $0, value: Array($1.utf8)) })
  }

  package subscript(key: String) -> [UInt8]? { data.first { $0.key == key }?.value }

  /// The manifest, with the fields and the order of
  /// `kubectl create configmap NAME --from-file ... --dry-run=client -o yaml`.
  /// - Throws: `.unacceptable` for names and keys that the API server would refuse, for a key given twice, and too
  ///   much data.
  package func yaml() throws(FormatError) -> String {
    try check()
    var lines = ["apiVersion: v1"]
    let items = KubernetesRules.sorted(data)
    let binary = items.filter { $0.text == nil }
    if !binary.isEmpty { lines.append("binaryData:") }
    for item in binary { lines.append("  \(YAMLText.scalar(item.key)): \(YAMLText.scalar(Base64.text(item.value)))") }
    if items.count > binary.count { lines.append("data:") }
    for item in items {
      guard let text = item.text else { continue }
      lines += YAMLRendering.entry(
        .init(key: item.key, value: text.contains("\n" as Character) ? .block(text) : .text(text)), column: 2,
        habits: YAMLHabits())
    }
    lines += ["kind: ConfigMap"] + KubernetesRules.metadata(name: name, namespace: namespace)
    return lines.joined(separator: "\n") + "\n"
  }

  func check() throws(FormatError) {
    try KubernetesRules(kind: "ConfigMap").check(name: name, namespace: namespace, data: data)
  }
}

extension KubernetesSecret.Item {
  /// Nil for bytes that are not UTF-8.
  var text: String? { String(validating: value, as: UTF8.self) }
}
