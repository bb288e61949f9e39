/// A Secret object of Kubernetes, as a manifest.
package struct KubernetesSecret: Hashable, Sendable {
  package var name: String
  package var namespace: String?
  package var type: SecretType
  package var data: [Item]

  package struct Item: Hashable, Sendable {
    package var key: String
    package var value: [UInt8]

    package init(key: String, value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }

  package struct SecretType: RawRepresentable, Hashable, Sendable {
    package var rawValue: String

    package init(rawValue: String) { self.rawValue = rawValue }

    package static let tls = SecretType(rawValue: "kubernetes.io/tls")
    package static let opaque = SecretType(rawValue: "Opaque")
  }

  package init(name: String, namespace: String? = nil, type: SecretType = .opaque, data: [Item]) {
    self.name = name
    self.namespace = namespace
    self.type = type
    self.data = data
  }

  /// As `kubectl create secret tls` makes it: certificate and key in PEM.
  package static func tls(name: String, namespace: String? = nil, certificate: String, key: String) -> KubernetesSecret
  {
    KubernetesSecret(
      name: name, namespace: namespace, type: .tls,
      data: [
        Item(key: "tls.crt", value: Array(certificate.utf8)), Item(key: "tls.key", value: Array(key.utf8)),
      ])
  }

  package subscript(key: String) -> [UInt8]? { data.first { $0.key == key }?.value }

  /// etcd takes no larger object.
  package static let sizeLimit = 1 << 20

  /// The manifest, with the fields and the order of `kubectl create secret --dry-run=client -o yaml`. `Opaque` is
  /// left out as kubectl does, being the default.
  /// - Throws: `.malformed` for names and keys that the API server would refuse, for a key given twice and a TLS
  ///   Secret without certificate or key; `.tooLarge`.
  package func yaml() throws(FormatError) -> String {
    try check()
    var lines = ["apiVersion: v1"]
    if !data.isEmpty { lines.append("data:") }
    for item in data.sorted(by: { $0.key < $1.key }) {
      let value = String(decoding: Base64.encode(item.value), as: UTF8.self)
      lines.append("  \(YAMLText.scalar(item.key)): \(YAMLText.scalar(value))")
    }
    lines += ["kind: Secret", "metadata:", "  name: \(YAMLText.scalar(name))"]
    if let namespace { lines.append("  namespace: \(YAMLText.scalar(namespace))") }
    if type != .opaque { lines.append("type: \(YAMLText.scalar(type.rawValue))") }
    return lines.joined(separator: "\n") + "\n"
  }

  private func check() throws(FormatError) {
    for name in [name, namespace].compactMap({ $0 }) where !Self.isSubdomain(name) {
      throw Self.malformed("'\(name)' is not a name of lower-case letters, digits, '-' and '.'")
    }
    var keys: Set<String> = []
    for item in data {
      guard !item.key.isEmpty, item.key.utf8.count <= 253, item.key.utf8.allSatisfy(Self.isKeyCharacter) else {
        throw Self.malformed("'\(item.key)' is not a key of letters, digits, '-', '_' and '.'")
      }
      guard keys.insert(item.key).inserted else { throw Self.malformed("the key '\(item.key)' is given twice") }
    }
    if type == .tls, !keys.isSuperset(of: ["tls.crt", "tls.key"]) {
      throw Self.malformed("a Secret of type kubernetes.io/tls needs tls.crt and tls.key")
    }
    guard data.reduce(0, { $0 + $1.value.count }) <= Self.sizeLimit else {
      throw .tooLarge(what: "the size in bytes of a Secret", limit: Self.sizeLimit)
    }
  }

  static func malformed(_ reason: String) -> FormatError { .malformed(format: "Kubernetes Secret", reason: reason) }

  /// RFC 1123, as the API server checks it.
  private static func isSubdomain(_ name: String) -> Bool {
    name.utf8.count <= 253
      && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        guard let first = label.utf8.first, let last = label.utf8.last else { return false }
        return label.utf8.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") } && isLowerOrDigit(first)
          && isLowerOrDigit(last)
      }
  }

  private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func isKeyCharacter(_ byte: UInt8) -> Bool {
    isLowerOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || "-_.".utf8.contains(byte)
  }
}
