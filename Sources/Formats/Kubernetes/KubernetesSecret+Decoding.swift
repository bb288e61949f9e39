import Yams

extension KubernetesSecret {
  /// The Secrets of a manifest: of every document, and of `List` objects. Objects of other kinds are passed over.
  ///
  /// `stringData` wins over `data`, as the API server merges them.
  /// - Throws: `.malformed` with the reason, also when no Secret is found; `.tooLarge`.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [KubernetesSecret] {
    var secrets: [KubernetesSecret] = []
    for document in try YAMLText.documents(bytes) {
      let objects =
        document["kind"]?.scalar?.string == "List" ? document["items"]?.sequence.map(Array.init) ?? [] : [document]
      for object in objects where object["kind"]?.scalar?.string == "Secret" {
        secrets.append(try secret(object))
      }
    }
    guard !secrets.isEmpty else { throw malformed("there is no object of kind Secret") }
    return secrets
  }

  private static func secret(_ object: Node) throws(FormatError) -> KubernetesSecret {
    guard let name = object["metadata"]?["name"]?.scalar?.string else { throw malformed("it has no metadata.name") }
    var items: [Item] = []
    for (key, value) in try strings(object["data"], of: "data") {
      let text = Array(value.utf8)
      guard let bytes = try? Base64.decode(text[...]) else { throw malformed("data.\(key) is not base64") }
      items.append(Item(key: key, value: bytes))
    }
    for (key, value) in try strings(object["stringData"], of: "stringData") {
      items.removeAll { $0.key == key }
      items.append(Item(key: key, value: Array(value.utf8)))
    }
    return KubernetesSecret(
      name: name, namespace: object["metadata"]?["namespace"]?.scalar?.string,
      type: (object["type"]?.scalar?.string).map(SecretType.init) ?? .opaque, data: items)
  }

  private static func strings(_ node: Node?, of field: String) throws(FormatError) -> [(String, String)] {
    guard let node else { return [] }
    if let scalar = node.scalar, ["", "null", "~"].contains(scalar.string) { return [] }
    guard let mapping = node.mapping else { throw malformed("\(field) is not a mapping") }
    var strings: [(String, String)] = []
    for (key, value) in mapping {
      guard let key = key.scalar?.string else { throw malformed("a key of \(field) is not a string") }
      guard let value = value.scalar?.string else { throw malformed("\(field).\(key) is not a string") }
      strings.append((key, value))
    }
    return strings
  }
}
