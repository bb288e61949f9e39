import Formats
import X509

func fuzzPEM(_ bytes: [UInt8]) {
  let scan = PEM.scan(bytes)
  for block in scan.blocks {
    // Nothing that was read may be lost when it is written again.
    guard block.headers.isEmpty, let again = try? PEM.parse(Array(PEM.encode(block.label, block.der).utf8)) else {
      continue
    }
    require(again.map(\.der) == [block.der], "PEM that was written is read differently")
  }
  _ = PEM.isLikely(bytes)
  _ = try? PEM.parse(bytes)
}

func fuzzKey(_ bytes: [UInt8]) {
  guard let key = try? KeyCoding.decode(bytes, passphrase: seedPassword, legacy: nil) else { return }
  guard let pkcs8 = try? KeyCoding.pkcs8(key) else { return }
  let again = try? KeyCoding.decode(pkcs8, passphrase: nil, legacy: nil)
  require(again?.publicKey == key.publicKey, "a key that was written is read differently")
}

func fuzzPKCS12(_ bytes: [UInt8]) {
  _ = PKCS12.isLikely(bytes)
  _ = try? PKCS12.decode(bytes, password: seedPassword, legacy: nil)
}

func fuzzJKS(_ bytes: [UInt8]) {
  _ = try? JKS.insecureDecodeWithoutPassword(bytes)
  _ = try? JKS.decode(bytes, password: seedPassword)
}

func fuzzYAML(_ bytes: [UInt8]) {
  if let secrets = try? KubernetesSecret.decode(bytes) {
    for secret in secrets {
      guard let written = try? secret.yaml() else { continue }
      let again = try? KubernetesSecret.decode(Array(written.utf8))
      require(again?.first?.data.count == secret.data.count, "a Secret that was written is read differently")
    }
  }
  _ = try? ValuesFile.findings(in: bytes)
}

func fuzzKubeconfig(_ bytes: [UInt8]) {
  guard let config = try? Kubeconfig.decode(bytes, path: "/home/me/.kube/config") else { return }
  let merged = Kubeconfig.merged([config, config])
  require(merged == config, "a kubeconfig that is merged with itself is another one")
  for context in [nil] + config.contexts.map(\.name) {
    guard let selection = try? config.selection(context: context, path: "config") else { continue }
    require(!selection.cluster.skipsVerification, "a server is not verified")
    let address = selection.server.description
    require(APIServerAddress(address) == selection.server, "\(address) is read differently")
  }
}
