import Credentials
import Foundation
import SwiftASN1
import X509

/// A test case that can't be turned into a question, which counts as answered otherwise.
struct UnreadableCase: Error, CustomStringConvertible {
  var description: String
}

extension LimboCase {
  /// The question that the case asks.
  ///
  /// - Parameter now: for cases without a time of their own.
  func request(now: Date) throws -> PathRequest {
    guard let leaf = try pem(peerCertificate, "CERTIFICATE").first else { throw UnreadableCase(description: "no leaf") }
    var request = PathRequest(
      leaf: CertificateInput(der: leaf), intermediates: try certificates(untrustedIntermediates),
      trust: try certificates(trustedCerts), at: try time() ?? now, purpose: purpose, rules: rules)
    request.names = try peerNames.map(reference)
    request.usages = try (extendedKeyUsage ?? []).map(usage)
    request.keyUsages = (keyUsage ?? []).compactMap(RequiredKeyUsage.init(rawValue:))
    request.maxPathLength = maxChainDepth
    request.revocationLists = try (crls ?? []).flatMap { try pem($0, "X509 CRL") }.map {
      try CertificateRevocationList(der: $0)
    }
    return request
  }

  /// The browsers' rules for the cases that are about them.
  private var rules: RuleSet { id.hasPrefix("webpki::") || id.hasPrefix("online::") ? .webpki : .rfc5280 }

  private var purpose: Purpose? {
    switch validationKind {
    case "SERVER"?: .server
    case "CLIENT"?: .client
    default: nil
    }
  }

  private var peerNames: [PeerName] { (expectedPeerName.map { [$0] } ?? []) + (expectedPeerNames ?? []) }

  private func reference(_ name: PeerName) throws -> ReferenceName {
    switch name.kind {
    case "DNS": return .dns(name.value)
    case "RFC822": return .email(name.value)
    case "URI": return .uri(name.value)
    case "IP":
      if let address = IPAddress(name.value) { return .ip(address) }
      throw UnreadableCase(description: "no address: \(name.value)")
    default: throw UnreadableCase(description: "an unknown kind of name: \(name.kind)")
    }
  }

  private func usage(_ name: String) throws -> ExtendedKeyUsage.Usage {
    switch name {
    case "anyExtendedKeyUsage": .any
    case "serverAuth": .serverAuth
    case "clientAuth": .clientAuth
    case "codeSigning": .codeSigning
    case "emailProtection": .emailProtection
    case "timeStamping": .timeStamping
    case "OCSPSigning": .ocspSigning
    default: throw UnreadableCase(description: "an unknown extended key usage: \(name)")
    }
  }

  private func certificates(_ texts: [String]) throws -> [CertificateInput] {
    try texts.flatMap { try pem($0, "CERTIFICATE") }.map(CertificateInput.init(der:))
  }

  private func pem(_ text: String, _ discriminator: String) throws -> [[UInt8]] {
    try PEMDocument.parseMultiple(pemString: text).filter { $0.discriminator == discriminator }.map(\.derBytes)
  }

  private func time() throws -> Date? {
    guard let validationTime else { return nil }
    for options: ISO8601DateFormatter.Options in [
      [.withInternetDateTime], [.withInternetDateTime, .withFractionalSeconds],
    ] {
      let formatter = ISO8601DateFormatter()
      formatter.formatOptions = options
      if let date = formatter.date(from: validationTime) { return date }
    }
    throw UnreadableCase(description: "no RFC 3339 time: \(validationTime)")
  }
}
