package import Foundation

/// What a set of files holds and what is wrong with it.
package struct InspectionReport: Hashable, Sendable {
  package var items: [Item] = []
  /// How items belong together: keys and their certificates, certificates and their issuers.
  package var relations: [Relation] = []
  /// In the order of the files and lines. Empty means that nothing is wrong.
  package var findings: [Finding] = []
  package var inspected: Date

  /// The answer is no: exit code 1.
  package var hasFindings: Bool { !findings.isEmpty }
  /// A password was given and opens nothing that it was given for: exit code 2.
  package var isPasswordWrong: Bool { findings.contains { $0.code == .wrongPassword } }

  /// Where something lies.
  package struct Location: Hashable, Sendable, Encodable {
    package var file: String
    /// The number of the PEM block in its file, from 1.
    package var block: Int?
    /// From 1.
    package var line: Int?
    /// The name of an entry of a key store.
    package var alias: String?
    /// A path inside a YAML file: `protocolMapperAgents[0].mTLS.keyPair.cert`.
    package var path: String?

    package init(file: String, block: Int? = nil, line: Int? = nil, alias: String? = nil, path: String? = nil) {
      self.file = file
      self.block = block
      self.line = line
      self.alias = alias
      self.path = path
    }

    /// `node.crt:12`, `store.p12[alias]`, `values.yaml:14 (a.b)`.
    package var description: String {
      let place = file.printable + (line.map { ":\($0)" } ?? "")
      return place + (alias.map { "[\($0.printable)]" } ?? "") + (path.map { " (\($0.printable))" } ?? "")
    }
  }

  /// One thing that a file holds.
  package struct Item: Hashable, Sendable {
    package var location: Location
    package var content: Content
    /// `PEM`, `DER`, `PKCS#12 entry`, `Secret`.
    package var form: String
    /// What is worth knowing and isn't wrong.
    package var notes: [String] = []
  }

  package enum Content: Hashable, Sendable {
    case certificate(CertificateFacts)
    case request(RequestFacts)
    case revocationList(RevocationListFacts)
    case privateKey(PrivateKeyFacts)
    /// A private key that stays closed without its password.
    case encryptedKey(EncryptionFacts)
    case publicKey(PublicKeyFacts)
    case store(StoreFacts)
    case secret(SecretFacts)
    /// Something that has a name but no facts: parameters, a values file, a web page.
    case other(String)
  }

  package struct Relation: Hashable, Sendable, Encodable {
    package enum Kind: String, Hashable, Sendable, Encodable {
      /// The key is the one that the certificate or request holds.
      case keyOf = "key-of"
      /// The certificate's issuer is the other one, and its signature is valid.
      case issuedBy = "issued-by"
      /// As ``issuedBy``, by its names only: the signature's algorithm can't be checked here.
      case issuedByName = "issued-by-name"
    }

    package var kind: Kind
    package var subject: Location
    package var object: Location
  }

  package struct Finding: Hashable, Sendable, Encodable {
    package enum Severity: String, Hashable, Sendable, Encodable { case error, warning }

    package var code: FindingCode
    package var severity: Severity
    package var location: Location
    /// Lower case, without a full stop.
    package var what: String
    package var why: String
    package var fix: String
  }
}

/// What a Kubernetes Secret says of itself.
package struct SecretFacts: Hashable, Sendable, Encodable {
  package var name: String
  package var namespace: String?
  package var type: String
  package var keys: [String]
}
