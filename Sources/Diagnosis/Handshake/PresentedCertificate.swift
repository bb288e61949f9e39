import Credentials
import Crypto
package import Foundation
import SwiftASN1
import X509

/// What an operator wants to know of a certificate that somebody presented in a handshake.
package struct PresentedCertificate: Hashable, Sendable {
  package var der: [UInt8]
  /// SHA-256 of the DER form, in lower-case hexadecimal.
  package var fingerprint: String
  /// Nil when the certificate has a form or an algorithm that can't be read; the fingerprint is known even so.
  package var facts: Facts?

  package struct Facts: Hashable, Sendable {
    package var subject: String
    package var issuer: String
    package var serial: String
    package var notBefore: Date
    package var notAfter: Date
    package var dnsNames: [String]
    package var ipAddresses: [String]
    package var uris: [String]
    package var isAuthority: Bool
    /// Nil when the certificate has no extendedKeyUsage, so that it may be used for anything.
    package var mayActAsClient: Bool?
    package var mayActAsServer: Bool?
  }

  package init(der: [UInt8]) {
    self.der = der
    fingerprint = SHA256.hash(data: der).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
    facts = (try? Certificate(derEncoded: der)).map(Facts.init)
  }

  /// The subject, or the fingerprint where the subject can't be read.
  package var title: String {
    guard let facts else { return "unreadable certificate \(fingerprint)" }
    return facts.subject.isEmpty ? "certificate without subject \(facts.serial)" : facts.subject
  }
}

extension PresentedCertificate.Facts {
  fileprivate init(_ certificate: Certificate) {
    subject = certificate.subject.description
    issuer = certificate.issuer.description
    serial = certificate.serialNumber.hex
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    (dnsNames, ipAddresses, uris) = ([], [], [])
    for name in (try? certificate.extensions.subjectAlternativeNames).map(Array.init) ?? [] {
      switch name {
      case .dnsName(let name): dnsNames.append(name)
      case .uniformResourceIdentifier(let uri): uris.append(uri)
      case .ipAddress(let octets): ipAddresses.append(Self.address(Array(octets.bytes)))
      default: break
      }
    }
    if case .isCertificateAuthority = try? certificate.extensions.basicConstraints {
      isAuthority = true
    } else {
      isAuthority = false
    }
    let usages = (try? certificate.extensions.extendedKeyUsage).map(Array.init)
    mayActAsClient = usages.map { $0.contains(.clientAuth) || $0.contains(.any) }
    mayActAsServer = usages.map { $0.contains(.serverAuth) || $0.contains(.any) }
  }

  /// IPv4 in dotted form, IPv6 as RFC 5952 writes it, anything else in hexadecimal.
  private static func address(_ octets: [UInt8]) -> String {
    switch octets.count {
    case 4:
      return octets.map { String($0) }.joined(separator: ".")
    case 16:
      let groups = stride(from: 0, to: 16, by: 2).map { UInt16(octets[$0]) << 8 | UInt16(octets[$0 + 1]) }
      return compress(groups)
    default:
      return octets.map { String($0, radix: 16) }.joined(separator: ":")
    }
  }

  private static func compress(_ groups: [UInt16]) -> String {
    var best = 0..<0
    var start: Int?
    for (index, group) in (groups + [1]).enumerated() {
      if group == 0 && index < groups.count {
        start = start ?? index
      } else if let first = start {
        if index - first > max(best.count, 1) { best = first..<index }
        start = nil
      }
    }
    let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
    return best.isEmpty ? text(groups[...]) : text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}

extension PresentedCertificate: Encodable {
  private enum CodingKeys: String, CodingKey {
    case subject, issuer, serial, notBefore, notAfter, dnsNames, ipAddresses, uris, isAuthority, mayActAsClient
    case mayActAsServer, sha256, unreadable
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(fingerprint, forKey: .sha256)
    guard let facts else { return try container.encode(true, forKey: .unreadable) }
    try container.encode(facts.subject, forKey: .subject)
    try container.encode(facts.issuer, forKey: .issuer)
    try container.encode(facts.serial, forKey: .serial)
    try container.encode(facts.notBefore.timestamp, forKey: .notBefore)
    try container.encode(facts.notAfter.timestamp, forKey: .notAfter)
    try container.encode(facts.dnsNames, forKey: .dnsNames)
    try container.encode(facts.ipAddresses, forKey: .ipAddresses)
    try container.encode(facts.uris, forKey: .uris)
    try container.encode(facts.isAuthority, forKey: .isAuthority)
    try container.encodeIfPresent(facts.mayActAsClient, forKey: .mayActAsClient)
    try container.encodeIfPresent(facts.mayActAsServer, forKey: .mayActAsServer)
  }
}

extension Date {
  /// RFC 3339 in UTC, to the second.
  var timestamp: String { formatted(.iso8601) }
}
