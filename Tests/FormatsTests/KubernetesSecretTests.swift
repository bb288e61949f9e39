import Formats
import Foundation
import PKITestKit
import Testing

@Suite("Kubernetes Secrets")
struct KubernetesSecretTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  /// kubectl's empty creationTimestamp says nothing, and newer versions leave it out.
  private func comparable(_ manifest: String) -> String {
    manifest.replacingOccurrences(of: "  creationTimestamp: null\n", with: "")
  }

  private func kubectl(_ arguments: String...) throws -> String {
    try Tool.require("kubectl", ["create", "secret"] + arguments + ["--dry-run=client", "-o", "yaml"], in: folder.url)
      .text
  }

  @Test("a TLS Secret equals kubectl's, and kubectl's is read")
  func tls() throws {
    let leaf = try Material.leaf(.p256)
    try folder.write("a.crt", leaf.certificatePEM)
    try folder.write("a.key", leaf.keyPEM)
    let theirs = try kubectl("tls", "node-tls", "-n", "cybus", "--cert", "a.crt", "--key", "a.key")
    let ours = KubernetesSecret.tls(
      name: "node-tls", namespace: "cybus", certificate: leaf.certificatePEM, key: leaf.keyPEM)
    #expect(comparable(try ours.yaml()) == comparable(theirs))
    #expect(try ours.yaml().contains("metadata:\n  creationTimestamp: null\n  name: node-tls\n"))
    #expect(try KubernetesSecret.decode(Array(theirs.utf8)) == [ours])
    #expect(try KubernetesSecret.decode(Array(try ours.yaml().utf8)) == [ours])
  }

  @Test("a generic Secret equals kubectl's, also with keys and values that look like numbers and booleans")
  func generic() throws {
    let values: [String: [UInt8]] = [
      "1": Array("x".utf8), "true": Array("abc".utf8), "ca.crt": Array("text\n".utf8), "empty": [],
      // The base64 of these is 1234, null, true and 12e4.
      "1a": Array("x".utf8), "number": [0xd7, 0x6d, 0xf8], "null": [0x9e, 0xe9, 0x65], "yes": [0xb6, 0xbb, 0x9e],
      "e": [0xd7, 0x67, 0xb8],
    ]
    var arguments = ["generic", "g"]
    for (key, value) in values {
      try folder.write("value-\(key)", value)
      arguments.append("--from-file=\(key)=value-\(key)")
    }
    let theirs = try Tool.require(
      "kubectl", ["create", "secret"] + arguments + ["--dry-run=client", "-o", "yaml"], in: folder.url
    ).text
    let ours = KubernetesSecret(
      name: "g", data: values.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) })
    #expect(comparable(try ours.yaml()) == comparable(theirs))
    #expect(try KubernetesSecret.decode(Array(theirs.utf8)) == [ours])
  }

  @Test("several documents, lists and stringData are read, other kinds passed over")
  func documents() throws {
    let yaml = """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: c}
      data: {a: b}
      ---
      kind: Secret
      metadata: {name: one}
      data: {a: "WA==", b: "WQ=="}
      stringData: {a: "Z"}
      ---
      kind: List
      items:
        - {kind: Secret, type: kubernetes.io/tls, metadata: {name: two, namespace: n}, data: {tls.crt: WA==}}
      """
    let secrets = try KubernetesSecret.decode(Array(yaml.utf8))
    #expect(secrets.map(\.name) == ["one", "two"])
    #expect(secrets[0]["a"] == [UInt8(ascii: "Z")] && secrets[0]["b"] == [UInt8(ascii: "Y")])
    #expect(secrets[1].type == .tls && secrets[1].namespace == "n" && secrets[1]["tls.crt"] == [UInt8(ascii: "X")])
  }

  @Test("what the API server would refuse is refused with its reason")
  func refusals() {
    let bad = [
      KubernetesSecret(name: "Upper", data: []), KubernetesSecret(name: "a..b", data: []),
      KubernetesSecret(name: "a", namespace: "-n", data: []), KubernetesSecret(name: "", data: []),
      KubernetesSecret(name: "a", data: [.init(key: "a b", value: [])]),
      KubernetesSecret(name: "a", data: [.init(key: "a", value: []), .init(key: "a", value: [])]),
      KubernetesSecret(name: "a", type: .tls, data: [.init(key: "tls.crt", value: [])]),
      KubernetesSecret(name: "a", data: [.init(key: "a", value: [UInt8](repeating: 0, count: 2 << 20))]),
    ]
    for secret in bad { #expect(formatError { _ = try secret.yaml() } != nil, "\(secret.name)") }
    for text in [
      "", "[", "a: b", "kind: Secret", "{kind: Secret, metadata: {name: a}, data: [1]}",
      "{kind: Secret, metadata: {name: a}, data: {a: '!'}}", String(repeating: "[", count: 100_000),
    ] {
      #expect(formatError { _ = try KubernetesSecret.decode(Array(text.utf8)) } != nil, "\(text.prefix(40))")
    }
  }
}
