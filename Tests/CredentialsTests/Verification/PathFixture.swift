import Crypto
import Foundation
import SwiftASN1
import X509

@testable import Credentials

/// A certificate with its key, made for one test.
struct PathFixture {
  static let now = Date(timeIntervalSince1970: 1_900_000_000)
  static let day: TimeInterval = 86_400

  let certificate: Certificate
  let key: Certificate.PrivateKey

  var der: [UInt8] {
    get throws {
      var serializer = DER.Serializer()
      try serializer.serialize(certificate)
      return serializer.serializedBytes
    }
  }

  var pem: String { get throws { try certificate.serializeAsPEM().pemString } }

  /// How a certificate differs from a plain one.
  struct Options {
    var key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    var serial = Certificate.SerialNumber(bytes: [0x1f, 0x2e, 0x3d])
    var isAuthority = false
    var pathLength: Int?
    var keyUsage: KeyUsage?
    var names: [GeneralName] = []
    var usages: [ExtendedKeyUsage.Usage] = []
    var constraints: NameConstraints?
    var lifetime: ClosedRange<Double> = -10...10
    var hasAuthorityKey = true
  }

  /// - Parameter lifetime: in days from ``now``.
  static func make(_ name: String, by issuer: PathFixture? = nil, _ change: (inout Options) -> Void = { _ in }) throws
    -> PathFixture
  {
    var options = Options()
    change(&options)
    let subject = try DistinguishedName { CommonName(name) }
    let issuerKey = issuer?.key ?? options.key
    let certificate = try Certificate(
      version: .v3, serialNumber: options.serial, publicKey: options.key.publicKey,
      notValidBefore: now.addingTimeInterval(options.lifetime.lowerBound * day),
      notValidAfter: now.addingTimeInterval(options.lifetime.upperBound * day),
      issuer: issuer?.certificate.subject ?? subject, subject: subject,
      signatureAlgorithm: issuerKey.supportedSignatureAlgorithms.first ?? .ecdsaWithSHA256,
      extensions: extensions(options, issuer: issuerKey.publicKey), issuerPrivateKey: issuerKey)
    return PathFixture(certificate: certificate, key: options.key)
  }

  static func authority(_ name: String, by issuer: PathFixture? = nil, _ change: (inout Options) -> Void = { _ in })
    throws -> PathFixture
  {
    try make(name, by: issuer) {
      $0.isAuthority = true
      $0.keyUsage = KeyUsage(keyCertSign: true, cRLSign: true)
      change(&$0)
    }
  }

  static func node(_ name: String, by issuer: PathFixture, _ change: (inout Options) -> Void = { _ in }) throws
    -> PathFixture
  {
    try make(name, by: issuer) {
      $0.keyUsage = KeyUsage(digitalSignature: true)
      $0.names = [.dnsName(name)]
      $0.usages = [.serverAuth, .clientAuth]
      change(&$0)
    }
  }

  private static func extensions(_ options: Options, issuer: Certificate.PublicKey) throws -> Certificate.Extensions {
    var extensions = try Certificate.Extensions {
      Critical(
        options.isAuthority
          ? BasicConstraints.isCertificateAuthority(maxPathLength: options.pathLength) : .notCertificateAuthority)
      SubjectKeyIdentifier(hash: options.key.publicKey)
      if options.hasAuthorityKey {
        AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer).keyIdentifier)
      }
    }
    if let usage = options.keyUsage { try extensions.append(Certificate.Extension(usage, critical: true)) }
    if !options.names.isEmpty {
      try extensions.append(Certificate.Extension(SubjectAlternativeNames(options.names), critical: false))
    }
    if !options.usages.isEmpty {
      try extensions.append(Certificate.Extension(ExtendedKeyUsage(options.usages), critical: false))
    }
    if let constraints = options.constraints {
      try extensions.append(Certificate.Extension(constraints, critical: true))
    }
    return extensions
  }
}

extension PathRequest {
  init(_ leaf: PathFixture, through: [PathFixture] = [], trust: [PathFixture]) {
    self.init(
      leaf: .parsed(leaf.certificate), intermediates: [CertificateInput](through.map(\.certificate)),
      trust: [CertificateInput](trust.map(\.certificate)), at: PathFixture.now)
  }
}
