/// Kubernetes Secrets and ConfigMaps in YAML, read leniently: what is wrong with one is part of what was read.
package enum Manifest {
  package enum Kind: String, Hashable, Sendable {
    case secret = "Secret"
    case configMap = "ConfigMap"
  }

  package struct Object: Hashable, Sendable {
    package var kind: Kind
    package var place: YAMLTree.Place
    package var name: String?
    package var namePlace: YAMLTree.Place?
    package var namespace: String?
    /// A Secret's type; `Opaque` where it says none.
    package var type: String
    /// In the order of the file; `stringData` behind `data`, as it wins over it.
    package var entries: [Entry]

    /// The bytes under a key, as the API server merges them; nil where there is none that can be read.
    package subscript(key: String) -> [UInt8]? { entries.last { $0.key == key }?.bytes }
  }

  package struct Entry: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
      case bytes([UInt8])
      /// Neither text nor nothing: the API server refuses it.
      case notText
      case notBase64
      /// Not looked at: the file's objects are larger than any cluster takes.
      case tooLarge
    }

    /// `data`, `stringData` or `binaryData`.
    package var field: String
    package var key: String
    /// Where the value starts.
    package var place: YAMLTree.Place
    package var content: Content
    var linesAreKept: Bool

    package var bytes: [UInt8]? {
      if case .bytes(let bytes) = content { bytes } else { nil }
    }

    /// The line of the file for a line of the value, both counted from 1.
    package func line(_ line: Int) -> Int { linesAreKept ? place.line + line : place.line }
  }

  /// Of the values of all objects of a file. Only aliases, which make a small file hold a large value many times, can
  /// go beyond it.
  static let sizeLimit = YAMLText.sizeLimit

  /// The objects of a file, also those in a `List`; of other kinds than ``Kind``, none.
  package static func objects(in documents: [YAMLTree]) -> [Object] {
    var reader = ManifestReader()
    for document in documents { reader.read(document) }
    return reader.objects
  }

  /// Whether a document is an object of a cluster or a list of them, whatever the kind.
  package static func isObject(_ document: YAMLTree) -> Bool {
    document["kind"]?.text != nil
      && (document["apiVersion"] != nil || document["metadata"] != nil || document["items"] != nil)
  }
}

private struct ManifestReader {
  var objects: [Manifest.Object] = []
  private var places: Set<YAMLTree.Place> = []
  private var budget = Manifest.sizeLimit

  mutating func read(_ document: YAMLTree) {
    if document["kind"]?.text == "List", let items = document["items"]?.items {
      for item in items { read(item) }
      return
    }
    guard let kind = document["kind"]?.text.flatMap(Manifest.Kind.init), places.insert(document.place).inserted else {
      return
    }
    let name = document.at("metadata", "name")
    objects.append(
      Manifest.Object(
        kind: kind, place: document.place, name: name?.text, namePlace: name?.place,
        namespace: document.at("metadata", "namespace")?.text, type: document["type"]?.text ?? "Opaque",
        entries: ["data", "binaryData", "stringData"].flatMap { entries(document, $0, kind) }))
  }

  private mutating func entries(_ object: YAMLTree, _ field: String, _ kind: Manifest.Kind) -> [Manifest.Entry] {
    let isBase64 = kind == .secret ? field == "data" : field == "binaryData"
    return (object[field]?.entries ?? []).map { entry in
      Manifest.Entry(
        field: field, key: entry.key, place: entry.value.place, content: content(entry.value, isBase64: isBase64),
        linesAreKept: entry.value.style == .block && !isBase64)
    }
  }

  private mutating func content(_ value: YAMLTree, isBase64: Bool) -> Manifest.Entry.Content {
    if value.isNull { return .bytes([]) }
    // The API server gets 5 or true, where text is wanted.
    guard let text = value.text, value.flag == nil, !isNumber(value, text) else { return .notText }
    guard text.utf8.count <= budget else { return .tooLarge }
    budget -= text.utf8.count
    let bytes = Array(text.utf8)
    guard isBase64 else { return .bytes(bytes) }
    guard let decoded = try? Base64.decode(bytes[...]) else { return .notBase64 }
    return .bytes(decoded)
  }

  private func isNumber(_ value: YAMLTree, _ text: String) -> Bool {
    value.style == .plain && text.first?.isNumber == true && Double(text) != nil
  }
}
