import Foundation

/// What is wrong with one item, whatever lies beside it.
enum ItemChecks {
  typealias Finding = InspectionReport.Finding

  static func findings(of item: InspectionReport.Item, at now: Date, warning: Duration? = nil) -> [Finding] {
    var report = FindingList(location: item.location)
    switch item.content {
    case .certificate(let facts): CertificateChecks.check(facts, at: now, warning: warning, into: &report)
    case .request(let facts): check(facts, into: &report)
    case .revocationList(let facts): check(facts, at: now, into: &report)
    case .privateKey(let facts):
      check(facts, into: &report)
      check(facts.encryption, into: &report)
    case .encryptedKey(let facts): check(facts, into: &report)
    case .publicKey(let facts): check(facts, into: &report)
    case .store(let facts):
      for encryption in facts.encryption { check(encryption, into: &report) }
    case .secret, .other: break
    }
    return report.findings
  }

  static func check(_ key: PublicKeyFacts, into report: inout FindingList) {
    if let weakness = key.weakness {
      report.add(
        .weakKey, .error, "the key is weak: \(key.summary)", why: weakness,
        fix: "make a new key, P-256 or RSA of at least 2048 bits")
    } else if !key.isUsable && !key.hasExplicitParameters {
      report.add(
        .unusableAlgorithm, .error, "the key is of a kind that can't be used here: \(key.summary)",
        why: "TLS libraries such as BoringSSL, Go's and Java's don't take it for certificates",
        fix: "make a new key, P-256 or RSA of at least 2048 bits")
    }
    if key.isUsable && !PublicKeyDerivation.isSound(key) {
      report.add(
        .malformed, .error, "the public key isn't a key of \(key.summary)", why: "its bytes were changed or cut off",
        fix: "copy the file again from where it was made")
    }
    if key.hasExplicitParameters {
      report.add(
        .explicitParameters, .error, "the curve's parameters are spelt out instead of named",
        why: "RFC 5480 forbids it, and Go, Java and BoringSSL refuse the key",
        fix: "make the key anew without -param_enc explicit, or convert it: openssl ec -param_enc named_curve")
    }
  }

  private static func check(_ key: PrivateKeyFacts, into report: inout FindingList) {
    if let publicKey = key.publicKey { return check(publicKey, into: &report) }
    if key.hasExplicitParameters {
      report.add(
        .explicitParameters, .error, "the curve's parameters are spelt out instead of named",
        why: "RFC 5480 forbids it, and Go, Java and BoringSSL refuse the key",
        fix: "make the key anew without -param_enc explicit")
    } else if !["RSA", "EC", "Ed25519", "unknown"].contains(key.algorithm) {
      report.add(
        .unusableAlgorithm, .error, "the key is of a kind that can't be used here: \(key.summary)",
        why: "TLS libraries such as BoringSSL, Go's and Java's don't take it for certificates",
        fix: "make a new key, P-256 or RSA of at least 2048 bits")
    }
  }

  private static func check(_ encryption: EncryptionFacts?, into report: inout FindingList) {
    guard let encryption, let weakness = encryption.weakness else { return }
    report.add(
      .weakEncryption, .warning, "the encryption is weak: \(encryption.summary)", why: weakness,
      fix: "encrypt it anew: countersign convert writes PBES2 with AES-256")
  }

  static func check(_ signature: SignatureFacts, into report: inout FindingList) {
    if let weakness = signature.weakness {
      report.add(
        .weakSignature, .error, "the signature is weak: \(signature.summary)", why: weakness,
        fix: "have it signed again with SHA-256 or better")
    } else if !signature.isUsable {
      report.add(
        .unusableAlgorithm, .error, "the signature is of a kind that can't be used here: \(signature.summary)",
        why: "neither Countersign nor the TLS libraries around it can check it",
        fix: "have it signed by a key of P-256 or RSA, with SHA-256")
    }
  }

  private static func check(_ request: RequestFacts, into report: inout FindingList) {
    check(request.publicKey, into: &report)
    check(request.signature, into: &report)
    if SignatureCheck.check(request.signature, over: request.signedBytes, by: request.publicKey) == .invalid {
      report.add(
        .requestSignatureInvalid, .error, "the request's signature isn't made by the key in it",
        why: "the request was changed after it was made, and no authority may sign it", fix: "make a new request")
    }
    if request.extensions.basicConstraints?.isAuthority == true {
      report.add(
        .requestForAuthority, .warning, "the request asks to become an authority (CA:TRUE)",
        why: "whoever holds such a certificate can make any other",
        fix: "make the request anew without CA:TRUE, unless it is for an intermediate")
    }
  }

  private static func check(_ list: RevocationListFacts, at now: Date, into report: inout FindingList) {
    check(list.signature, into: &report)
    if list.version < 2 {
      report.add(
        .revocationListVersion1, .warning, "the revocation list is of version 1", why: "it has neither number nor AKI",
        fix: "issue it as version 2")
    }
    if let thisUpdate = list.thisUpdate, thisUpdate > now {
      report.add(
        .revocationListNotYetValid, .error, "the list is from the future: \(DERTime.rfc3339(thisUpdate))",
        why: "clients refuse it until then", fix: "compare the clocks of both machines")
    }
    guard let nextUpdate = list.nextUpdate else {
      return report.add(
        .revocationListWithoutNextUpdate, .warning, "the list doesn't say when the next one comes",
        why: "RFC 5280 §5.1.2.5 wants nextUpdate, and some clients refuse a list without it",
        fix: "issue it with nextUpdate")
    }
    if nextUpdate < now {
      report.add(
        .revocationListExpired, .error, "the list expired at \(DERTime.rfc3339(nextUpdate))",
        why: "servers that check it, nginx among them, then refuse every client", fix: "issue a new list and deliver it"
      )
    }
  }
}

/// Findings about one place, as they are found.
struct FindingList {
  let location: InspectionReport.Location
  private(set) var findings: [InspectionReport.Finding] = []

  init(location: InspectionReport.Location) { self.location = location }

  mutating func add(
    _ code: FindingCode, _ severity: InspectionReport.Finding.Severity, _ what: String, why: String, fix: String
  ) {
    findings.append(
      InspectionReport.Finding(code: code, severity: severity, location: location, what: what, why: why, fix: fix))
  }
}
