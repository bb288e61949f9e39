package import Formats
package import Foundation
import SwiftASN1
package import X509

/// The files that are linted together: a Secret in one may be what a values file in another names.
package struct LintContext: Sendable {
  package var files: [LintFile]
  package var now: Date
  /// Certificates that expire within this are findings.
  package var warning: Duration

  package init(files: [LintFile], now: Date, warning: Duration = .seconds(30 * 86_400)) {
    self.files = files
    self.now = now
    self.warning = warning
  }

  /// The Secrets and ConfigMaps in all files.
  package var objects: [ManifestObject] { files.flatMap(\.objects) }

  /// The one Secret or ConfigMap of a name, in whatever namespace.
  package func object(named name: String) -> ManifestObject? { objects.first { $0.name == name } }

  package func file(_ path: String) -> LintFile? { files.first { $0.path == path } }
}

/// A file, as far as it could be read.
package struct LintFile: Sendable {
  package enum Content: Sendable {
    case yaml([YAMLTree])
    /// `config.toml` and its kind, by its bytes.
    case toml
    /// Anything with PEM in it.
    case pem([PEM.Block])
    case other
  }

  package var path: String
  package var bytes: [UInt8]
  package var content: Content

  package init(path: String, bytes: [UInt8], content: Content) {
    self.path = path
    self.bytes = bytes
    self.content = content
  }

  /// The documents of a YAML file; none for others.
  package var documents: [YAMLTree] {
    if case .yaml(let documents) = content { documents } else { [] }
  }

  /// The certificates of a PEM file, first to last; those that don't decode are left out.
  package var certificates: [Certificate] {
    guard case .pem(let blocks) = content else { return [] }
    return blocks.filter(PEM.isCertificate).compactMap { try? Certificate(derEncoded: $0.der) }
  }

  package var objects: [ManifestObject] {
    documents.flatMap { ManifestObject.all(in: $0, file: path) }
  }
}

/// A Secret or ConfigMap in a manifest, leniently read.
package struct ManifestObject: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    case secret = "Secret"
    case configMap = "ConfigMap"
  }

  package var kind: Kind
  package var name: String
  package var namespace: String?
  /// A Secret's type; `Opaque` where it says none.
  package var type: String
  package var data: [String: [UInt8]]
  package var file: String
  package var line: Int

  static func all(in document: YAMLTree, file: String) -> [ManifestObject] {
    if document["kind"]?.text == "List", let items = document["items"]?.items {
      return items.flatMap { all(in: $0, file: file) }
    }
    guard let kind = document["kind"]?.text.flatMap(Kind.init), let name = document.at("metadata", "name")?.text else {
      return []
    }
    var data: [String: [UInt8]] = [:]
    for entry in document["data"]?.entries ?? [] {
      let text = entry.value.text ?? ""
      data[entry.key] = kind == .configMap ? Array(text.utf8) : (try? Base64.decode(Array(text.utf8)[...])) ?? []
    }
    for entry in document["stringData"]?.entries ?? [] { data[entry.key] = Array((entry.value.text ?? "").utf8) }
    return [
      ManifestObject(
        kind: kind, name: name, namespace: document.at("metadata", "namespace")?.text,
        type: document["type"]?.text ?? "Opaque", data: data, file: file, line: document.place.line)
    ]
  }

  /// The certificates under a key, first to last.
  package func certificates(_ key: String) -> [Certificate] {
    guard let bytes = data[key] else { return [] }
    return PEM.scan(bytes).blocks.filter(PEM.isCertificate).compactMap { try? Certificate(derEncoded: $0.der) }
  }
}
