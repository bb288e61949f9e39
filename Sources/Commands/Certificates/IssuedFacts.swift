import Credentials
import X509

/// What was issued and where it was written.
struct IssuedFacts: Facts {
  var subject: String
  var issuer: String
  var names: [String]
  var serial: String
  var profile: String
  var key: String
  var notBefore: String
  var notAfter: String
  var sha256: String
  var nameConstraints: [String]?
  var files: [String]

  init(
    _ issued: IssuedCertificate, names: [SubjectName], profile: String, files: [String], constraints: [String]? = nil
  ) {
    self.init(
      issued.certificate, fingerprint: Fingerprint(of: issued.der), names: names.map(\.description), profile: profile,
      files: files, constraints: constraints)
  }

  init(
    _ certificate: Certificate, fingerprint: Fingerprint, names: [String], profile: String, files: [String],
    constraints: [String]? = nil
  ) {
    subject = "\(certificate.subject)"
    issuer = "\(certificate.issuer)"
    self.names = names
    serial = certificate.serialNumber.hex
    self.profile = profile
    key = certificate.publicKey.label
    notBefore = rfc3339(certificate.notValidBefore)
    notAfter = rfc3339(certificate.notValidAfter)
    sha256 = fingerprint.description
    nameConstraints = constraints
    self.files = files
  }

  func lines(_ style: TextStyle) -> [String] {
    fieldLines([
      ("subject", subject), ("names", names.isEmpty ? nil : names.joined(separator: ", ")), ("profile", profile),
      ("key", key), ("issuer", issuer), ("serial", serial), ("valid", "\(notBefore) to \(notAfter)"),
      ("sha256", sha256),
      ("may certify", nameConstraints.flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") }),
      ("wrote", files.isEmpty ? nil : files.joined(separator: ", ")),
    ])
  }
}

/// What a request asks for, and what is granted of it.
struct GrantFacts: Facts {
  struct Asked: Encodable {
    var subject: String
    var names: [String]
    var key: String
    var other: [String]
  }

  struct Granted: Encodable {
    var subject: String
    var names: [String]
    var profile: String
    var lifetime: String
    var rule: String
    var left: [String]
  }

  var asked: Asked
  var granted: Granted

  init(_ grant: Grant, rule: String) {
    let request = grant.request
    asked = Asked(
      subject: "\(request.subject)", names: request.names.map(\.description), key: request.publicKey.label,
      other: request.notGrantable)
    granted = Granted(
      subject: "\(grant.subject)", names: grant.names.map(\.description), profile: grant.profile.rawValue,
      lifetime: grant.lifetime.operatorText, rule: rule, left: grant.omitted)
  }

  func lines(_ style: TextStyle) -> [String] {
    let askedNames = asked.names.isEmpty ? "no names" : asked.names.joined(separator: ", ")
    let grantedNames = granted.names.isEmpty ? "no names" : granted.names.joined(separator: ", ")
    return fieldLines([
      ("asked", "\(asked.subject); \(askedNames); \(asked.key)"),
      ("granted", "\(granted.subject); \(grantedNames); \(granted.profile), \(granted.lifetime)"),
      ("not granted", granted.left.isEmpty ? nil : granted.left.joined(separator: ", ")),
    ])
  }
}

/// A grant and the certificate that came of it.
struct SignedFacts: Facts {
  var request: GrantFacts
  var certificate: IssuedFacts

  func lines(_ style: TextStyle) -> [String] { request.lines(style) + certificate.lines(style) }
}
