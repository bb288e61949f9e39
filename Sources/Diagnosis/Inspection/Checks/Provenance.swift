/// What probably wrote a certificate, told by its habits. Worth a note, never a finding.
enum Provenance {
  static func annotated(_ item: InspectionReport.Item) -> InspectionReport.Item {
    var item = item
    switch item.content {
    case .certificate(let facts):
      if let writer = writer(of: facts) { item.notes.append("probably made by \(writer)") }
      if facts.version >= 3, facts.role == .leaf, facts.extensions.extendedKeyUsage == nil {
        item.notes.append("no extended key usage: it may be used as server and as client")
      }
    case .privateKey(let facts): item.notes += notes(facts.encryption)
    case .encryptedKey(let facts):
      item.notes += notes(facts)
      item.notes.append("what is inside can be seen with --password-file")
    case .request(let facts):
      if facts.hasChallengePassword { item.notes.append("holds a challenge password, readable by everybody") }
      if facts.extensions.subjectAlternativeNames == nil {
        item.notes.append("asks for no names: whoever signs it has to add them")
      }
    default: break
    }
    return item
  }

  private static func notes(_ encryption: EncryptionFacts?) -> [String] {
    guard let encryption, encryption.weakness == nil, let rounds = encryption.iterations, rounds < 100_000 else {
      return []
    }
    return ["\(rounds) rounds make short passphrases quick to guess; 210000 are usual now"]
  }

  private static func writer(of certificate: CertificateFacts) -> String? {
    table.first { $0.matches(certificate) }?.writer
  }

  private struct Rule: Sendable {
    var writer: String
    var matches: @Sendable (CertificateFacts) -> Bool
  }

  /// The first rule that matches counts.
  private static let table: [Rule] = [
    Rule(writer: "smallstep's step-ca") { $0.extensions.contains("smallstepProvisioner") },
    Rule(writer: "Microsoft's certificate services") {
      $0.extensions.contains("microsoftCertificateTemplate") || $0.extensions.contains("microsoftCAVersion")
    },
    Rule(writer: "SPIRE or another SPIFFE issuer") {
      ($0.extensions.subjectAlternativeNames ?? []).contains { $0.hasPrefix("URI:spiffe://") }
        && $0.extensions.subjectAlternativeNames?.count == 1
    },
    Rule(writer: "mkcert") {
      $0.issuer.contains("O=mkcert development") || $0.subject.contains("O=mkcert development")
    },
    Rule(writer: "a public authority, by ACME or otherwise") { $0.extensions.contains("signedCertificateTimestamps") },
    Rule(writer: "a Kubernetes cluster's own authority") { $0.issuer == "CN=kubernetes" },
    Rule(writer: "easy-rsa") { $0.issuer.contains("CN=Easy-RSA CA") },
    Rule(writer: "openssl ca, with the comment of openssl.cnf") {
      $0.extensions.comment?.contains("OpenSSL Generated") == true
    },
    Rule(writer: "`openssl x509 -req` without -extfile") { $0.version == 1 && !$0.isSelfIssued },
    Rule(writer: "`openssl x509 -req -signkey`, or an openssl without its configuration") {
      $0.version == 1 && $0.isSelfIssued
    },
    Rule(writer: "keytool -genkeypair") {
      $0.isSelfIssued && $0.extensions.entries.map(\.name) == ["subjectKeyIdentifier"]
    },
    Rule(writer: "`openssl req -x509`, with the v3_ca section of openssl.cnf") {
      $0.isSelfIssued && $0.extensions.keyUsage == nil
        && $0.extensions.entries.prefix(3).map(\.name) == [
          "subjectKeyIdentifier", "authorityKeyIdentifier", "basicConstraints",
        ]
    },
  ]
}
