import Formats

/// What the API server of a cluster demands of Secrets and ConfigMaps.
enum ObjectRules {
  static func findings(of file: LintFile) -> [Finding] {
    file.manifest.flatMap { ObjectCheck(object: $0, file: file.path).findings() }
  }
}

private struct ObjectCheck {
  let object: Manifest.Object
  let file: String

  func findings() -> [Finding] { names() + size() + object.entries.flatMap { key($0) + value($0) } }

  private var title: String { "\(object.kind.rawValue) \(object.name ?? "")" }

  private func names() -> [Finding] {
    var found: [Finding] = []
    if let name = object.name, let problem = KubernetesName.problem(of: name, limit: 253) {
      found.append(nameFinding("\"\(name)\" is no name of a \(object.kind.rawValue): \(problem)"))
    }
    if let namespace = object.namespace, let problem = TextForm.label.problem(namespace) {
      found.append(nameFinding("\"\(namespace)\" is no name of a namespace: \(problem)"))
    }
    return found
  }

  private func nameFinding(_ what: String) -> Finding {
    let problem = Problem(
      .objectName, what: what, why: "the API server refuses the object",
      fix: "use lower-case letters, digits, '-' and '.', and use the same name wherever the object is referred to")
    return Finding(problem, file: file, line: (object.namePlace ?? object.place).line)
  }

  /// etcd takes no larger object.
  private static let sizeLimit = 1 << 20

  private func size() -> [Finding] {
    let isCut = object.entries.contains { $0.content == .tooLarge }
    let size = object.entries.reduce(0) { $0 + ($1.bytes?.count ?? 0) }
    guard isCut || size > Self.sizeLimit else { return [] }
    let problem = Problem(
      .objectTooLarge, what: "\(title) holds more than 1 MiB", why: "the API server refuses the object",
      fix: "leave out what isn't needed: a bundle of all public authorities has a quarter of that")
    return [Finding(problem, file: file, line: object.place.line)]
  }

  private func key(_ entry: Manifest.Entry) -> [Finding] {
    let key = entry.key
    let reason: String
    if key.utf8.count > 253 {
      reason = "it is longer than 253 characters"
    } else if key.isEmpty || !key.utf8.allSatisfy(Self.isAllowed) {
      reason = "only letters, digits, '-', '_' and '.' may stand in it"
    } else if key == "." || key.hasPrefix("..") {
      reason = "it would be a folder where the object is mounted"
    } else {
      return []
    }
    let problem = Problem(
      .objectKey, what: "\"\(key)\" is no key of a \(object.kind.rawValue): \(reason)",
      why: "the API server refuses the object", fix: "give it the name of a file, such as ca.crt")
    return [Finding(problem, file: file, line: entry.place.line)]
  }

  private static func isAllowed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  private func value(_ entry: Manifest.Entry) -> [Finding] {
    switch entry.content {
    case .notText:
      let problem = Problem(
        .objectValue, what: "\(entry.field).\(entry.key) is not text",
        why: "the API server refuses numbers, truth values, lists and mappings there", fix: "put it between quotes")
      return [Finding(problem, file: file, line: entry.place.line)]
    case .notBase64 where object.kind == .configMap:
      let problem = Problem(
        .objectValue, what: "\(entry.field).\(entry.key) is not base64", why: "the API server refuses the object",
        fix: "put text under data, and bytes in base64 under binaryData")
      return [Finding(problem, file: file, line: entry.place.line)]
    case .bytes(let bytes) where object.kind == .configMap: return privateKeys(in: bytes, of: entry)
    default: return []
    }
  }

  private func privateKeys(in bytes: [UInt8], of entry: Manifest.Entry) -> [Finding] {
    let keys = PEM.scan(bytes).blocks.filter { $0.label.hasSuffix("PRIVATE KEY") }
    return keys.map { block in
      let problem = Problem(
        .privateKeyInConfigMap, what: "a private key in \(title), under \(entry.key)",
        why: "whoever may read a namespace may read its ConfigMaps, which are kept and shown in the clear",
        fix: "put the key into a Secret, and replace it if the ConfigMap was ever applied")
      return Finding(problem, file: file, line: entry.line(block.line))
    }
  }
}
