import Credentials
import Foundation
import SwiftASN1
import X509

/// An issuer, as people and programs are shown it.
struct IssuerFacts: Facts {
  var number: Int
  var subject: String
  var issuer: String
  var serial: String
  var key: String
  var notBefore: String
  var notAfter: String
  var sha256: String
  var signs: Bool
  var version: Int
  var maxPathLength: Int?
  var nameConstraints: [String]
  var certificateFile: String
  var keyFile: String

  init(_ issuer: StoredIssuer, home: Home, signs: Bool) throws {
    let certificate = issuer.certificate
    number = issuer.number
    subject = "\(certificate.subject)"
    self.issuer = "\(certificate.issuer)"
    serial = certificate.serialNumber.hex
    key = certificate.publicKey.label
    notBefore = rfc3339(certificate.notValidBefore)
    notAfter = rfc3339(certificate.notValidAfter)
    sha256 = try Fingerprint(certificate).description
    self.signs = signs
    version = certificate.version == .v1 ? 1 : 3
    if case .isCertificateAuthority(let limit) = try? certificate.extensions.basicConstraints { maxPathLength = limit }
    nameConstraints = certificate.nameConstraintTexts
    certificateFile = home.certificatePath(issuer.number)
    keyFile = home.keyPath(issuer.number)
  }

  func lines(_ style: TextStyle) -> [String] {
    [style.bold("issuer \(number)") + (signs ? " (signs)" : "")]
      + fieldLines(
        [
          ("subject", subject), ("issuer", issuer == subject ? nil : issuer), ("serial", serial),
          ("key", key), ("valid", "\(notBefore) to \(notAfter)"), ("sha256", sha256),
          ("version", version == 1 ? "1 (no extensions: renew it with a version 3 root)" : nil),
          ("path length", maxPathLength.map(String.init)),
          ("may certify", nameConstraints.isEmpty ? nil : nameConstraints.joined(separator: ", ")),
          ("certificate", certificateFile), ("private key", keyFile),
        ], indent: "  ")
  }
}

/// All issuers of an authority.
struct AuthorityFacts: Facts {
  var home: String
  var issuers: [IssuerFacts]

  init(_ authority: Authority) throws {
    home = authority.home.path
    let last = authority.issuers.last?.number
    issuers = try authority.issuers.map { try IssuerFacts($0, home: authority.home, signs: $0.number == last) }
  }

  func lines(_ style: TextStyle) -> [String] { issuers.flatMap { $0.lines(style) } }
}

extension Certificate {
  /// Its name constraints in words: `DNS:example.org`, `not IP:0.0.0.0/0`.
  var nameConstraintTexts: [String] {
    guard let constraints = try? extensions.nameConstraints else { return [] }
    return constraints.permittedSubtrees.map(constraintText)
      + constraints.excludedSubtrees.map { "not \(constraintText($0))" }
  }
}

private func constraintText(_ name: GeneralName) -> String {
  switch name {
  case .dnsName(let text): return "DNS:\(text.isEmpty ? "*" : text)"
  case .uniformResourceIdentifier(let text): return "URI:\(text)"
  case .directoryName(let name): return "subject \(name)"
  case .ipAddress(let octets):
    let bytes = Array(octets.bytes)
    let half = bytes.count / 2
    guard let base = IPAddress(octets: Array(bytes[..<half])) else { return "IP:\(bytes.hexadecimal)" }
    let ones = bytes[half...].reduce(0) { $0 + $1.nonzeroBitCount }
    return "IP:\(base.text)/\(ones)"
  default: return "\(name)"
  }
}
