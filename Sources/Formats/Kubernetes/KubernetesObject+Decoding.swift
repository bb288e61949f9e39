import Yams

extension KubernetesObject {
  /// The Secrets and ConfigMaps of a manifest: of every document, and of `List` objects. Objects of other kinds are
  /// passed over.
  /// - Throws: `.malformed` with the reason; `.tooLarge`.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [KubernetesObject] {
    var found: [KubernetesObject] = []
    for document in try YAMLText.documents(bytes) {
      let objects =
        document["kind"]?.scalar?.string == "List" ? document["items"]?.sequence.map(Array.init) ?? [] : [document]
      for object in objects {
        switch object["kind"]?.scalar?.string {
        case "Secret": found.append(.secret(try ObjectReader(kind: "Secret", object: object).secret()))
        case "ConfigMap": found.append(.configMap(try ObjectReader(kind: "ConfigMap", object: object).configMap()))
        default: break
        }
      }
    }
    return found
  }
}

extension KubernetesSecret {
  /// The Secrets of a manifest; objects of other kinds are passed over.
  ///
  /// `stringData` wins over `data`, as the API server merges them.
  /// - Throws: `.malformed` with the reason, also when no Secret is found; `.tooLarge`.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [KubernetesSecret] {
    let secrets = try KubernetesObject.decode(bytes).compactMap { object in
      if case .secret(let secret) = object { secret } else { nil }
    }
    guard !secrets.isEmpty else {
      throw .malformed(format: "Kubernetes Secret", reason: "there is no object of kind Secret")
    }
    return secrets
  }
}

extension KubernetesConfigMap {
  /// The ConfigMaps of a manifest; objects of other kinds are passed over.
  /// - Throws: `.malformed` with the reason, also when no ConfigMap is found; `.tooLarge`.
  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> [KubernetesConfigMap] {
    let maps = try KubernetesObject.decode(bytes).compactMap { object in
      if case .configMap(let map) = object { map } else { nil }
    }
    guard !maps.isEmpty else {
      throw .malformed(format: "Kubernetes ConfigMap", reason: "there is no object of kind ConfigMap")
    }
    return maps
  }
}

private struct ObjectReader {
  var kind: String
  var object: Node

  func secret() throws(FormatError) -> KubernetesSecret {
    let name = try name()
    var items = try binary("data")
    for (key, value) in try strings("stringData") {
      items.removeAll { $0.key == key }
      items.append(.init(key: key, value: Array(value.utf8)))
    }
    return KubernetesSecret(
      name: name, namespace: namespace,
      type: (object["type"]?.scalar?.string).map(KubernetesSecret.SecretType.init)
        ?? .opaque, data: items)
  }

  func configMap() throws(FormatError) -> KubernetesConfigMap {
    let name = try name()
    let texts = try strings("data").map { KubernetesSecret.Item(key: $0, value: Array($1.utf8)) }
    return KubernetesConfigMap(name: name, namespace: namespace, data: texts + (try binary("binaryData")))
  }

  private func name() throws(FormatError) -> String {
    guard let name = object["metadata"]?["name"]?.scalar?.string else { throw malformed("it has no metadata.name") }
    return name
  }

  private var namespace: String? { object["metadata"]?["namespace"]?.scalar?.string }

  private func binary(_ field: String) throws(FormatError) -> [KubernetesSecret.Item] {
    var items: [KubernetesSecret.Item] = []
    for (key, value) in try strings(field) {
      let text = Array(value.utf8)
      guard let bytes = try? Base64.decode(text[...]) else { throw malformed("\(field).\(key) is not base64") }
      items.append(.init(key: key, value: bytes))
    }
    return items
  }

  private func strings(_ field: String) throws(FormatError) -> [(String, String)] {
    guard let node = object[field] else { return [] }
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

  private func malformed(_ reason: String) -> FormatError { .malformed(format: "Kubernetes \(kind)", reason: reason) }
}
