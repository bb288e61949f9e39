package import Formats
import SwiftASN1
package import X509

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

  package let path: String
  package let bytes: [UInt8]
  package let content: Content
  /// The Secrets and ConfigMaps that have a name.
  package let objects: [ManifestObject]
  /// All of them, with what is wrong with them.
  let manifest: [Manifest.Object]

  package init(path: String, bytes: [UInt8], content: Content) {
    self.path = path
    self.bytes = bytes
    self.content = content
    if case .yaml(let documents) = content { manifest = Manifest.objects(in: documents) } else { manifest = [] }
    objects = manifest.compactMap { ManifestObject($0, file: path) }
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
  /// What can't be decoded is there, and empty.
  package var data: [String: [UInt8]]
  package var file: String
  package var line: Int

  init?(_ object: Manifest.Object, file: String) {
    guard let name = object.name else { return nil }
    kind = object.kind == .secret ? .secret : .configMap
    self.name = name
    namespace = object.namespace
    type = object.type
    data = Dictionary(object.entries.map { ($0.key, $0.bytes ?? []) }) { $1 }
    self.file = file
    line = object.place.line
  }

  /// The certificates under a key, first to last.
  package func certificates(_ key: String) -> [Certificate] {
    guard let bytes = data[key] else { return [] }
    return PEM.scan(bytes).blocks.filter(PEM.isCertificate).compactMap { try? Certificate(derEncoded: $0.der) }
  }
}
