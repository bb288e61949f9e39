import Formats
import SwiftASN1
import TLSRuntime
import X509

/// Bytes of a certificate or key, and where they come from.
struct AccessMaterial {
  let bytes: [UInt8]
  let owner: String
  let field: String

  init(bytes: [UInt8], owner: String, field: String) {
    self.bytes = bytes
    self.owner = owner
    self.field = field
  }

  /// - Throws: ``KubernetesError/file(path:problem:hint:)``.
  init(_ material: Kubeconfig.Material, field: String, owner: String) throws(KubernetesError) {
    switch material {
    case .data(let bytes): self.init(bytes: bytes, owner: owner, field: "\(field)-data")
    case .file(let path):
      guard let bytes = try AccessFile.readIfPresent(path) else {
        throw .material(
          owner: owner, problem: "\(field) names \(path), which is not there",
          hint: "a path in a kubeconfig is relative to the kubeconfig's folder")
      }
      self.init(bytes: bytes, owner: owner, field: path)
    }
  }

  /// Every certificate in the PEM. Those that we can't use are passed over as long as one is left: bundles of public
  /// authorities hold old ones.
  func certificates() throws(KubernetesError) -> [Certificate] {
    let ders: [[UInt8]]
    do throws(FormatError) {
      ders = try PEM.parse(bytes).filter(PEM.isCertificate).map(\.der)
    } catch {
      throw failure("holds no certificate in PEM")
    }
    let usable = ders.compactMap { try? Certificate(derEncoded: $0) }
    guard !usable.isEmpty else { throw failure("holds no certificate that can be used") }
    return usable
  }

  /// A certificate with its chain, and the key that belongs to it.
  static func credential(
    certificate: AccessMaterial, key: AccessMaterial
  ) throws(KubernetesError) -> TLSCredential {
    let chain = try certificate.certificates()
    let privateKey: Certificate.PrivateKey
    do throws(FormatError) {
      privateKey = try KeyCoding.decode(key.bytes, passphrase: nil, legacy: nil)
    } catch {
      if case .passphraseNeeded = error { throw key.failure("is encrypted, which kubectl can't read either") }
      throw key.failure("holds no private key that can be used")
    }
    guard chain.first?.publicKey == privateKey.publicKey else {
      throw key.failure("does not belong to the client certificate")
    }
    return TLSCredential(chain: chain, key: privateKey)
  }

  private func failure(_ problem: String) -> KubernetesError {
    .material(owner: owner, problem: "\(field) \(problem)", hint: "`countersign inspect` says what a file holds")
  }
}
