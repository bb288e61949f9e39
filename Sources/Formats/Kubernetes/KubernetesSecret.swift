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

  /// The manifest, with the fields and the order of `kubectl create secret --dry-run=client -o yaml`. `Opaque` is
  /// left out as kubectl does, being the default.
  /// - Throws: `.unacceptable` for names and keys that the API server would refuse, for a key given twice, a TLS
  ///   Secret without certificate or key, and too much data.
  package func yaml() throws(FormatError) -> String {
    try check()
    var lines = ["apiVersion: v1"]
    if !data.isEmpty { lines.append("data:") }
    for item in KubernetesRules.sorted(data) {
      lines.append("  \(YAMLText.scalar(item.key)): \(YAMLText.scalar(Base64.text(item.value)))")
    }
    lines += ["kind: Secret"] + KubernetesRules.metadata(name: name, namespace: namespace)
    if type != .opaque { lines.append("type: \(YAMLText.scalar(type.rawValue))") }
    return lines.joined(separator: "\n") + "\n"
  }

  func check() throws(FormatError) {
    try KubernetesRules(kind: "Secret").check(name: name, namespace: namespace, data: data)
    guard type != .tls || Set(data.map(\.key)).isSuperset(of: ["tls.crt", "tls.key"]) else {
      throw .unacceptable(
        reason: "the Secret '\(name)' of type kubernetes.io/tls lacks tls.crt or tls.key",
        hint: "give it both, or make it Opaque")
    }
  }
}
