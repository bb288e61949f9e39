import Credentials
import Formats
import X509

// What one configuration says by itself.
extension BacalhauLint {
  private static let knownKeys: [([String], [String])] = [
    (["Orchestrator"], ["TLS", "Auth", "SupportReverseProxy", "Host", "Port", "Advertise", "Cluster", "Enabled"]),
    (["Orchestrator", "TLS"], ["ServerCert", "ServerKey", "CACert", "ServerTimeout"]),
    (["Orchestrator", "Auth"], ["Token"]),
    (["Compute"], ["TLS", "Auth", "Orchestrators", "Enabled"]),
    (["Compute", "TLS"], ["CACert", "RequireTLS"]),
    (["Compute", "Auth"], ["Token"]),
  ]

  /// Keys that stand twice, and keys that are nearly one of those that we know.
  func keyFindings(_ node: Node) -> [Finding] {
    let twins = node.configuration.twins.map { twin in
      Finding(
        Problem(
          "key-twice", what: "the key \"\(twin.value)\" stands twice in one mapping",
          why: "Bacalhau reads keys without regard to case, and takes one of the two", fix: "keep one of them"),
        file: node.file.path, line: twin.place.line)
    }
    return twins
      + Self.knownKeys.flatMap { part, known in
        (node.configuration.value(part)?.entries ?? []).compactMap { entry -> Finding? in
          guard let word = Self.misspelt(entry.key, known: known) else { return nil }
          return Finding(
            Problem(
              "unknown-key", what: "\((part + [entry.key]).joined(separator: ".")) is no key of Bacalhau's",
              why: "what stands under it has no effect", fix: "write \(word)"),
            file: node.file.path, line: entry.place.line)
        }
      }
  }

  /// The key that was meant; nil where the key is one, or like none.
  private static func misspelt(_ key: String, known: [String]) -> String? {
    guard !known.contains(where: { $0.lowercased() == key.lowercased() }), key.count > 3 else { return nil }
    return NearestWord.find(key, among: known.filter { $0.count > 3 })
  }

  func tokenFindings(_ node: Node) -> [Finding] {
    [["Orchestrator", "Auth", "Token"], ["Compute", "Auth", "Token"]].compactMap { path in
      guard let value = node.configuration.value(path), let token = value.text, !token.isEmpty else { return nil }
      let name = path.joined(separator: ".")
      if token == BacalhauToken.published {
        return Finding(
          Problem(
            "public-token", what: "\(name) is the example of Bacalhau's documentation",
            why: "whoever has read it can join as a node",
            fix: "let `countersign apply` make a random one, or make it with `openssl rand -hex 24`"),
          file: node.file.path, line: value.place.line)
      }
      guard token.utf8.count < BacalhauToken.shortest else { return nil }
      return Finding(
        Problem(
          "weak-token", what: "\(name) has fewer than \(BacalhauToken.shortest) characters",
          why: "it is all that keeps a stranger from joining as a node, and can be guessed",
          fix: "make a random one with `openssl rand -hex 24`"), .warning,
        file: node.file.path, line: value.place.line)
    }
  }

  /// Paths that can't be what they should be: a key for a CA, a path that depends on where Bacalhau is started.
  func pathFindings(_ node: Node) -> [Finding] {
    let paths = [
      ["Orchestrator", "TLS", "ServerCert"], ["Orchestrator", "TLS", "ServerKey"], ["Orchestrator", "TLS", "CACert"],
      ["Compute", "TLS", "CACert"],
    ]
    return paths.flatMap { path -> [Finding] in
      guard let value = node.configuration.value(path), let text = value.text, !text.isEmpty else { return [] }
      let name = path.joined(separator: ".")
      var findings: [Finding] = []
      if !text.hasPrefix("/") {
        findings.append(Finding(.bacalhauRelativePath(name), .warning, file: node.file.path, line: value.place.line))
      }
      let isMisplaced = path.last == "ServerKey" ? isAuthorityKey(text, node) : holdsKey(text, node)
      if isMisplaced { findings.append(Finding(.bacalhauKey(path), file: node.file.path, line: value.place.line)) }
      return findings
    }
  }

  private func holdsKey(_ path: String, _ node: Node) -> Bool {
    guard let file = file(named: path, beside: node) else {
      return path.hasSuffix(".key") || path.hasSuffix("-key.pem")
    }
    guard case .pem(let blocks) = file.content else { return false }
    return blocks.contains(where: KeyCoding.isPrivateKey)
  }

  /// Whether the key belongs to the certificate that the configuration names as the CA.
  private func isAuthorityKey(_ path: String, _ node: Node) -> Bool {
    guard let authority = node.configuration.text("Orchestrator", "TLS", "CACert")?.value,
      let certificates = file(named: authority, beside: node)?.certificates,
      let bytes = file(named: path, beside: node)?.bytes,
      let key = try? KeyCoding.decode(bytes, passphrase: nil, legacy: nil)
    else { return false }
    return certificates.contains { $0.publicKey == key.publicKey }
  }

  func addressFindings(_ node: Node) -> [Finding] {
    node.configuration.orchestrators.compactMap { element in
      let problem: Problem
      do throws(BacalhauAddressProblem) {
        let address = try BacalhauAddress(element.value)
        guard address.userInfo != nil else { return nil }
        problem = Problem(
          "token-in-address", what: "the address of \(address.hostAndPort) holds a token or password",
          why: "it wins over Compute.Auth.Token, and addresses are written to logs",
          fix: "remove what stands before the @, and set Compute.Auth.Token")
      } catch {
        problem = Problem(
          "bad-address", what: error.message, why: "the node can't dial it", fix: error.advice)
      }
      return Finding(problem, file: node.file.path, line: element.place.line)
    }
  }
}

extension Problem {
  fileprivate static func bacalhauRelativePath(_ name: String) -> Problem {
    Problem(
      "relative-path", what: "\(name) is not an absolute path",
      why: "it is looked for below the folder that Bacalhau happens to be started in",
      fix: "write the whole path, beginning with /")
  }

  /// A private key that doesn't belong under a key of the configuration.
  fileprivate static func bacalhauKey(_ path: [String]) -> Problem {
    let name = path.joined(separator: ".")
    switch path.last {
    case "ServerKey":
      return Problem(
        "ca-key-on-node", what: "\(name) names the private key of the CA",
        why: "whoever gets at this machine can sign nodes at will",
        fix: "issue the orchestrator a certificate with a key of its own, and take the CA's key off the machine")
    case "CACert":
      return Problem(
        "key-for-certificate", what: "\(name) names a private key",
        why: "a CA's key signs nodes at will: it belongs on no node, and nodes need the certificate alone",
        fix: "name the certificate's file")
    default:
      return Problem(
        "key-for-certificate", what: "\(name) names a private key",
        why: "the key is expected under ServerKey, and a certificate here", fix: "name the certificate's file")
    }
  }
}
