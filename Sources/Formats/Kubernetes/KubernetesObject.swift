/// An object that holds files for pods.
package enum KubernetesObject: Hashable, Sendable {
  case secret(KubernetesSecret)
  case configMap(KubernetesConfigMap)

  package var kind: String {
    switch self {
    case .secret: "Secret"
    case .configMap: "ConfigMap"
    }
  }

  package var name: String {
    switch self {
    case .secret(let secret): secret.name
    case .configMap(let map): map.name
    }
  }

  package var namespace: String? {
    switch self {
    case .secret(let secret): secret.namespace
    case .configMap(let map): map.namespace
    }
  }

  package var data: [KubernetesSecret.Item] {
    switch self {
    case .secret(let secret): secret.data
    case .configMap(let map): map.data
    }
  }

  /// The manifest as kubectl makes it.
  /// - Throws: `.unacceptable` where the API server would refuse it.
  package func yaml() throws(FormatError) -> String {
    switch self {
    case .secret(let secret): try secret.yaml()
    case .configMap(let map): try map.yaml()
    }
  }

  /// The body of a server-side apply: the fields that we own, as JSON with sorted keys.
  /// - Parameter labels: as `metadata.labels`; none leaves the field out.
  /// - Throws: `.unacceptable` where the API server would refuse it.
  package func applyConfiguration(labels: [String: String]) throws(FormatError) -> [UInt8] {
    var metadata: [String: JSONText] = ["name": .string(name)]
    if let namespace { metadata["namespace"] = .string(namespace) }
    if !labels.isEmpty { metadata["labels"] = .object(labels.mapValues { .string($0) }) }
    var fields: [String: JSONText] = [
      "apiVersion": .string("v1"), "kind": .string(kind), "metadata": .object(metadata),
    ]
    func object(_ items: [KubernetesSecret.Item], _ text: (KubernetesSecret.Item) -> String) -> JSONText {
      .object(Dictionary(items.map { ($0.key, .string(text($0))) }) { $1 })
    }
    switch self {
    case .secret(let secret):
      try secret.check()
      fields["type"] = .string(secret.type.rawValue)
      fields["data"] = object(secret.data) { Base64.text($0.value) }
    case .configMap(let map):
      try map.check()
      let binary = map.data.filter { $0.text == nil }
      fields["data"] = object(map.data.filter { $0.text != nil }) { $0.text ?? "" }
      if !binary.isEmpty { fields["binaryData"] = object(binary) { Base64.text($0.value) } }
    }
    return Array(JSONText.object(fields).text.utf8)
  }
}

/// JSON (RFC 8259) as text; keys are sorted, so that equal values are equal texts.
indirect enum JSONText {
  case string(String)
  case object([String: JSONText])

  var text: String {
    switch self {
    case .string(let text): Self.quoted(text)
    case .object(let fields):
      "{"
        + fields.sorted { $0.key < $1.key }.map { "\(Self.quoted($0.key)):\($0.value.text)" }.joined(separator: ",")
        + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
