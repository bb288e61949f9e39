import Credentials
import Foundation
import X509

/// The report as JSON. Key names are stable; a fact that isn't known is left out.
extension InspectionReport: Encodable {
  private enum CodingKeys: String, CodingKey { case inspected, items, relations, findings }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(DERTime.rfc3339(inspected), forKey: .inspected)
    try container.encode(items, forKey: .items)
    try container.encode(relations, forKey: .relations)
    try container.encode(findings, forKey: .findings)
  }
}

extension InspectionReport.Item: Encodable {
  private enum CodingKeys: String, CodingKey { case kind, location, form, notes, facts, description }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(content.kind, forKey: .kind)
    try container.encode(content.title, forKey: .description)
    try container.encode(location, forKey: .location)
    try container.encode(form, forKey: .form)
    if !notes.isEmpty { try container.encode(notes, forKey: .notes) }
    switch content {
    case .certificate(let facts): try container.encode(CertificateDocument(facts), forKey: .facts)
    case .request(let facts): try container.encode(RequestDocument(facts), forKey: .facts)
    case .revocationList(let facts): try container.encode(RevocationListDocument(facts), forKey: .facts)
    case .privateKey(let facts): try container.encode(PrivateKeyDocument(facts), forKey: .facts)
    case .encryptedKey(let facts): try container.encode(PrivateKeyDocument(encryption: facts), forKey: .facts)
    case .publicKey(let facts): try container.encode(PublicKeyDocument(facts), forKey: .facts)
    case .store(let facts): try container.encode(StoreDocument(facts), forKey: .facts)
    case .secret(let facts): try container.encode(facts, forKey: .facts)
    case .other: break
    }
  }
}

private struct PublicKeyDocument: Encodable {
  var algorithm: String
  var oid: String
  var bits: Int?
  var curve: String?
  var explicitParameters: Bool

  init(_ facts: PublicKeyFacts) {
    algorithm = facts.algorithm
    oid = facts.objectIdentifier
    bits = facts.bits
    curve = facts.curve
    explicitParameters = facts.hasExplicitParameters
  }
}

private struct SignatureDocument: Encodable {
  var algorithm: String
  var oid: String
  var hash: String?

  init(_ facts: SignatureFacts) {
    algorithm = facts.algorithm
    oid = facts.objectIdentifier
    hash = facts.hash
  }
}

private struct ExtensionsDocument: Encodable {
  struct Entry: Encodable {
    var oid: String
    var name: String
    var critical: Bool
  }

  struct Authority: Encodable {
    var isAuthority: Bool
    var pathLength: Int?
    var critical: Bool
  }

  struct Constraints: Encodable {
    var permitted: [String]
    var excluded: [String]
  }

  var subjectAltNames: [String]?
  var keyUsage: [String]?
  var extendedKeyUsage: [String]?
  var basicConstraints: Authority?
  var subjectKeyIdentifier: String?
  var authorityKeyIdentifier: String?
  var nameConstraints: Constraints?
  var crlDistributionPoints: [String]
  var ocspResponders: [String]
  var issuerLocations: [String]
  var policies: [String]
  var all: [Entry]

  init(_ facts: ExtensionFacts) {
    subjectAltNames = facts.subjectAlternativeNames
    keyUsage = facts.keyUsage
    extendedKeyUsage = facts.extendedKeyUsage
    basicConstraints = facts.basicConstraints.map {
      Authority(isAuthority: $0.isAuthority, pathLength: $0.pathLength, critical: $0.isCritical)
    }
    subjectKeyIdentifier = facts.subjectKeyIdentifier.map { $0.hexadecimal }
    authorityKeyIdentifier = facts.authorityKeyIdentifier.map { $0.hexadecimal }
    nameConstraints = facts.nameConstraints.map { Constraints(permitted: $0.permitted, excluded: $0.excluded) }
    crlDistributionPoints = facts.crlDistributionPoints
    ocspResponders = facts.ocspResponders
    issuerLocations = facts.issuerLocations
    policies = facts.policies
    all = facts.entries.map { Entry(oid: $0.objectIdentifier, name: $0.name, critical: $0.isCritical) }
  }
}

private struct CertificateDocument: Encodable {
  var version: Int
  var serial: String
  var subject: String
  var issuer: String
  var notBefore: String?
  var notAfter: String?
  var role: String
  var key: PublicKeyDocument
  var signature: SignatureDocument
  var extensions: ExtensionsDocument
  var sha256: String

  init(_ facts: CertificateFacts) {
    version = facts.version
    serial = facts.serialText
    subject = facts.subject
    issuer = facts.issuer
    notBefore = facts.notBefore.map(DERTime.rfc3339)
    notAfter = facts.notAfter.map(DERTime.rfc3339)
    role = facts.role.rawValue
    key = PublicKeyDocument(facts.publicKey)
    signature = SignatureDocument(facts.signature)
    extensions = ExtensionsDocument(facts.extensions)
    sha256 = facts.fingerprint.hexadecimal
  }
}

private struct RequestDocument: Encodable {
  var subject: String
  var key: PublicKeyDocument
  var signature: SignatureDocument
  /// Absent where the algorithm can't be checked here.
  var signatureValid: Bool?
  var requestedExtensions: ExtensionsDocument

  init(_ facts: RequestFacts) {
    subject = facts.subject
    key = PublicKeyDocument(facts.publicKey)
    signature = SignatureDocument(facts.signature)
    signatureValid = facts.signatureState.map { $0 == "valid" }
    requestedExtensions = ExtensionsDocument(facts.extensions)
  }
}

private struct RevocationListDocument: Encodable {
  struct Entry: Encodable {
    var serial: String
    var revoked: String?
    var reason: String?
  }

  var version: Int
  var issuer: String
  var number: String?
  var thisUpdate: String?
  var nextUpdate: String?
  var delta: Bool
  var authorityKeyIdentifier: String?
  var signature: SignatureDocument
  var entryCount: Int
  /// The first of them only.
  var entries: [Entry]

  init(_ facts: RevocationListFacts) {
    version = facts.version
    issuer = facts.issuer
    number = facts.number.map { $0.hexadecimal }
    thisUpdate = facts.thisUpdate.map(DERTime.rfc3339)
    nextUpdate = facts.nextUpdate.map(DERTime.rfc3339)
    delta = facts.isDelta
    authorityKeyIdentifier = facts.authorityKeyIdentifier.map { $0.hexadecimal }
    signature = SignatureDocument(facts.signature)
    entryCount = facts.entryCount
    entries = facts.entries.map {
      Entry(serial: SerialNumber(bytes: $0.serial).hex, revoked: $0.revoked.map(DERTime.rfc3339), reason: $0.reason)
    }
  }
}

private struct PrivateKeyDocument: Encodable {
  var encoding: String?
  var algorithm: String?
  var bits: Int?
  var curve: String?
  var explicitParameters: Bool?
  var encryption: EncryptionDocument?

  init(_ facts: PrivateKeyFacts) {
    encoding = facts.encoding.rawValue
    algorithm = facts.algorithm
    bits = facts.bits
    curve = facts.curve
    explicitParameters = facts.hasExplicitParameters
    encryption = facts.encryption.map(EncryptionDocument.init)
  }

  init(encryption facts: EncryptionFacts) { encryption = EncryptionDocument(facts) }
}

private struct EncryptionDocument: Encodable {
  var scheme: String
  var keyDerivation: String?
  var iterations: Int?
  var cipher: String?

  init(_ facts: EncryptionFacts) {
    scheme = facts.scheme
    keyDerivation = facts.keyDerivation
    iterations = facts.iterations
    cipher = facts.cipher
  }
}

private struct StoreDocument: Encodable {
  var format: String
  var keyEntries: Int?
  var trustedEntries: Int?
  var integrity: String?
  var encryption: [EncryptionDocument]

  init(_ facts: StoreFacts) {
    format = facts.format.rawValue
    keyEntries = facts.keyEntryCount
    trustedEntries = facts.trustedEntryCount
    integrity = facts.integrity
    encryption = facts.encryption.map(EncryptionDocument.init)
  }
}
