import Formats
import Foundation
import PKITestKit
import Testing

@Suite("ConfigMaps")
struct KubernetesConfigMapTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory() }

  private func kubectl(_ name: String, _ data: [(String, [UInt8])], namespace: String?) throws -> String {
    var arguments = ["create", "configmap", name]
    for (index, (key, value)) in data.enumerated() {
      try folder.write("value-\(index)", value)
      arguments.append("--from-file=\(key)=value-\(index)")
    }
    if let namespace { arguments += ["-n", namespace] }
    return try Tool.require("kubectl", arguments + ["--dry-run=client", "-o", "yaml"], in: folder.url).text
  }

  /// Newer versions of kubectl leave the empty creationTimestamp out.
  private func comparable(_ manifest: String) -> String {
    manifest.replacingOccurrences(of: "  creationTimestamp: null\n", with: "")
  }

  @Test("a CA chain's ConfigMap equals kubectl's byte for byte, and kubectl's is read")
  func chain() throws {
    let pem = try Material.leaf(.p256).certificatePEM
    let data = [("ca-chain.pem", Array((pem + pem).utf8)), ("note", Array("one line".utf8)), ("bin", [0xff, 0xfe, 0])]
    let theirs = try kubectl("connectware-agent-mtls-ca-cert", data, namespace: "cybus")
    let ours = KubernetesConfigMap(
      name: "connectware-agent-mtls-ca-cert", namespace: "cybus", data: data.map { .init(key: $0, value: $1) })
    #expect(comparable(try ours.yaml()) == comparable(theirs))
    #expect(try ours.yaml().contains("metadata:\n  creationTimestamp: null\n  name:"))
    for manifest in [theirs, try ours.yaml()] {
      let read = try KubernetesConfigMap.decode(Array(manifest.utf8))
      #expect(read.map(\.name) == [ours.name] && read.first?.namespace == "cybus")
      for (key, value) in data { #expect(read.first?[key] == value) }
    }
    #expect(
      comparable(try KubernetesConfigMap(name: "n", data: [KubernetesConfigMap.Item]()).yaml())
        == comparable(try kubectl("n", [], namespace: nil)))
  }

  @Test("texts of all sorts are read by kubectl's reader as what they are")
  func oddTexts() throws {
    let texts = [
      "", "yes", "12", "a: b", " x", "\n x", "a\r\nb\r\n", "l1\nl2\n\n", "x  \ny\n", "no end\nhere", "\n", "\t\n",
      "é\u{2028}\n",
      "# c\n", "- a\n- b", "\u{1F600}\n", "\"'\\", "a\u{0}b", "null", "1e3\n",
    ]
    let data = texts.enumerated().map { ("k\($0)", $1) }
    let ours = KubernetesConfigMap(name: "odd", data: data)
    let manifest = Array(try ours.yaml().utf8)
    #expect(try KubernetesConfigMap.decode(manifest).first?.data.count == texts.count)
    let theirs = try kubectl("odd", data.map { ($0, Array($1.utf8)) }, namespace: nil)
    // Both through PyYAML, so that the values are compared and not their quotes.
    let script = "import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)['data'], sort_keys=True))"
    func values(_ manifest: [UInt8]) throws -> String {
      try Tool.require(PythonTools.python, ["-c", script], input: Data(manifest)).text
    }
    #expect(try values(manifest) == values(Array(theirs.utf8)))
    for (key, text) in data {
      #expect(try KubernetesConfigMap.decode(manifest).first?[key] == Array(text.utf8), "\(key)")
    }
  }

  @Test("keys are sorted as kubectl sorts them")
  func order() throws {
    let keys = [
      "a10", "a2", "A", "_x", ".y", "b-1", "b.1", "b1", "b_1", "a", "a0", "a01", "a1", "1", "10", "2", "02", "Z", "a-b",
      "aB", "ab", "x1y", "x10y", "x1z", "x1-", "x100", "x1000", "1-", "001", "00", "0", "a00b",
      "tls.crt", "ca.crt", "v1.10.0", "v1.9.0", "v1.9.0-rc",
    ]
    let ours = KubernetesConfigMap(name: "order", data: keys.map { ($0, "v\n") })
    let theirs = try kubectl("order", keys.map { ($0, Array("v\n".utf8)) }, namespace: nil)
    func lines(_ manifest: String) -> [Substring] { comparable(manifest).split(separator: "\n") }
    let (one, other) = (lines(try ours.yaml()), lines(theirs))
    #expect(one == other)
  }

  @Test("names, keys and sizes that a cluster refuses are refused with what is allowed")
  func refusals() {
    func refusal(_ map: KubernetesConfigMap) -> String? {
      guard case .unacceptable(let reason, let hint)? = formatError({ _ = try map.yaml() }) else { return nil }
      return hint.isEmpty ? nil : reason
    }
    let label = String(repeating: "a", count: 63)
    let long = [label, label, label, String(repeating: "a", count: 61)].joined(separator: ".")
    #expect(long.count == 253)
    #expect(refusal(KubernetesConfigMap(name: long, namespace: label, data: [(long, "")])) == nil)
    for name in ["", "Upper", "a_b", "-a", "a-", "a..b", long + "a", "a b"] {
      #expect(
        refusal(KubernetesConfigMap(name: name, data: [("a", "")])) == "'\(name)' can't be the name of a ConfigMap")
    }
    for namespace in ["", "a.b", label + "a", "A"] {
      #expect(refusal(KubernetesConfigMap(name: "a", namespace: namespace, data: [("a", "")])) != nil)
    }
    for key in ["", "a b", "a/b", ".", "..", "..a", "ä", long + "a"] {
      #expect(refusal(KubernetesConfigMap(name: "a", data: [(key, "")])) != nil, "\(key)")
    }
    let limit = String(repeating: "x", count: 1 << 20)
    #expect(refusal(KubernetesConfigMap(name: "a", data: [("a", limit)])) == nil)
    #expect(refusal(KubernetesConfigMap(name: "a", data: [("a", limit), ("b", "x")]))?.contains("1048577") == true)
    #expect(refusal(KubernetesConfigMap(name: "a", data: [("a", "1"), ("a", "2")]))?.contains("twice") == true)
    #expect(
      formatError { _ = try KubernetesConfigMap.decode(Array("kind: Secret\nmetadata: {name: a}\n".utf8)) } != nil)
  }

  @Test("the body of a server-side apply holds our fields and no others")
  func applyConfiguration() throws {
    let secret = KubernetesObject.secret(
      KubernetesSecret(name: "s", namespace: "n", data: [.init(key: "k", value: Array("a\"b".utf8))]))
    #expect(
      String(decoding: try secret.applyConfiguration(labels: ["b": "2", "a": "1"]), as: UTF8.self)
        == #"{"apiVersion":"v1","data":{"k":"YSJi"},"kind":"Secret","metadata":{"labels":{"a":"1","b":"2"},"name":"s","namespace":"n"},"type":"Opaque"}"#
    )
    let map = KubernetesObject.configMap(
      KubernetesConfigMap(
        name: "c", data: [.init(key: "t", value: Array("\"\\\n\t\u{1}é".utf8)), .init(key: "b", value: [255])]))
    let json = try map.applyConfiguration(labels: [:])
    let read = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
    #expect(read["data"] as? [String: String] == ["t": "\"\\\n\t\u{1}é"])
    #expect(read["binaryData"] as? [String: String] == ["b": "/w=="])
    #expect((read["metadata"] as? [String: String]) == ["name": "c"])
    #expect(Set(read.keys) == ["apiVersion", "kind", "metadata", "data", "binaryData"])
    #expect(secret.kind == "Secret" && map.kind == "ConfigMap" && secret.namespace == "n" && map.name == "c")
  }

  @Test("Secrets and ConfigMaps of one manifest are read together")
  func together() throws {
    let objects: [KubernetesObject] = [
      .secret(KubernetesSecret(name: "s", data: [.init(key: "k", value: [1])])),
      .configMap(KubernetesConfigMap(name: "c", data: [("k", "v")])),
    ]
    let manifest = try objects.map { try $0.yaml() }.joined(separator: "---\n")
    #expect(try KubernetesObject.decode(Array(manifest.utf8)) == objects)
    #expect(try KubernetesObject.decode(Array("kind: Deployment\n".utf8)) == [])
  }
}
