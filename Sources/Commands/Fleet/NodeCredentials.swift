import Credentials
import Formats
import SwiftASN1
import Systems
import X509

/// What a node has, read from its folder: the key and the certificate in it are the state.
struct StoredCredentials {
  let files: [String: [UInt8]]
  let trust: [Certificate]

  /// - Parameters:
  ///   - name: the folder below the system's.
  ///   - requested: the key of a node whose private key is elsewhere.
  func credential(of name: String, requested: Certificate.PublicKey? = nil) -> NodeCredential? {
    var keys: [Certificate.PrivateKey] = []
    var chains: [[Certificate]] = []
    for path in paths(of: name) {
      guard let bytes = files[path], PEM.isLikely(bytes) else { continue }
      let blocks = PEM.scan(bytes).blocks
      for block in blocks where KeyCoding.isPrivateKey(block) {
        if let key = try? KeyCoding.decode(Array(block.text.utf8), passphrase: nil, legacy: nil) { keys.append(key) }
      }
      let chain = blocks.filter(PEM.isCertificate).compactMap { try? Certificate(derEncoded: $0.der) }
      if !chain.isEmpty { chains.append(chain) }
    }
    if let requested {
      let ofNode = chains.filter { $0.first.map { $0.authorityProblem != nil } ?? false }
      return (ofNode.first { $0.first?.publicKey == requested } ?? ofNode.first).flatMap { credential($0, key: nil) }
    }
    for key in keys {
      let chain = chains.first { $0.first?.publicKey == key.publicKey }
      if let chain { return credential(chain, key: key) }
    }
    return nil
  }

  private func credential(_ chain: [Certificate], key: Certificate.PrivateKey?) -> NodeCredential? {
    chain.first.map { NodeCredential(leaf: $0, intermediates: Array(chain.dropFirst()), key: key, trust: trust) }
  }

  private func paths(of name: String) -> [String] {
    // Manifests of objects hold the same once more, in base64.
    byFolder[name] ?? []
  }

  private let byFolder: [String: [String]]

  init(files: [String: [UInt8]], trust: [Certificate]) {
    self.files = files
    self.trust = trust
    var byFolder: [String: [String]] = [:]
    for path in files.keys.sorted() where !path.hasSuffix(".yaml") && !path.hasSuffix(".json") {
      byFolder[String(path.prefix { $0 != "/" }), default: []].append(path)
    }
    self.byFolder = byFolder
  }
}

/// A certificate that was made elsewhere, held against its key and the clock.
struct GivenCredential {
  let certificatePath: String
  let keyPath: String?
  /// Roots that the fleet file names.
  let trust: [Certificate]

  /// - Throws: ``CommandError`` (exit 1) for a pair that doesn't belong together.
  func read(_ node: Node, passphrase: PassphraseSource) throws -> NodeCredential {
    let key = try keyPath.map { path in
      try KeyFile.read(path) { try passphrase.existing(for: "the key \(path)") }
    }
    let certificates = try CertificateFile.read(certificatePath)
    guard let leaf = key.map({ key in certificates.first { $0.publicKey == key.publicKey } }) ?? certificates.first
    else {
      throw CommandError.refused(
        "\(certificatePath) holds no certificate for the key of \(node.name)",
        hint: "`countersign inspect \([certificatePath, keyPath ?? ""].joined(separator: " "))` shows both")
    }
    let others = certificates.filter { $0 != leaf }
    let roots = others.filter { $0.subject == $0.issuer }
    return NodeCredential(
      leaf: leaf, intermediates: others.filter { $0.subject != $0.issuer }, key: key,
      trust: trust.isEmpty ? roots : trust)
  }
}
