package import Credentials
package import Foundation
package import NIOSSL
import SwiftASN1
package import X509

/// What is common to both sides of a connection.
package struct TLSContextConfiguration: Sendable {
  package enum Minimum: Sendable {
    case tls13
    /// Only where an operator's configuration says so.
    case tls12
  }

  /// The certificates that the peer's chain has to end in. Always given: nothing falls back to the system's store.
  package var trust: [Certificate]
  package var credential: TLSCredential?
  package var minimum: Minimum = .tls13

  package init(trust: [Certificate], credential: TLSCredential?, minimum: Minimum = .tls13) {
    self.trust = trust
    self.credential = credential
    self.minimum = minimum
  }

  /// A configuration that connects: verifies the server's chain and its name.
  /// - Throws: what NIOSSL says of a certificate or a key that it can't use.
  package func client() throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeClientConfiguration()
    try apply(to: &configuration)
    if let credential {
      configuration.certificateChain = try credential.certificateSources()
      configuration.privateKey = try credential.privateKeySource()
    }
    return configuration
  }

  /// What a server wants of its clients.
  package enum ClientCertificate: Sendable {
    case required
    /// Asked for, and verified where there is one.
    case requested
  }

  /// A configuration that listens and asks for a client certificate that chains to ``trust``.
  ///
  /// A resumed session skips verification: check the peer's certificate at every completed handshake.
  /// - Throws: ``TLSContextError/noCredential``, or what NIOSSL says of a certificate or a key that it can't use.
  package func server(clientCertificate: ClientCertificate = .required) throws -> TLSConfiguration {
    guard let credential else { throw TLSContextError.noCredential }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try credential.certificateSources(), privateKey: try credential.privateKeySource())
    try apply(to: &configuration)
    configuration.certificateVerification =
      clientCertificate == .required ? .noHostnameVerification : .optionalVerification
    configuration.sendCANameList = true
    return configuration
  }

  private func apply(to configuration: inout TLSConfiguration) throws {
    configuration.minimumTLSVersion = minimum == .tls13 ? .tlsv13 : .tlsv12
    configuration.trustRoots = .certificates(
      try trust.map { certificate in
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der)
      })
    configuration.curves = Self.groups
    configuration.verifySignatureAlgorithms = Self.signatureAlgorithms
    configuration.signingSignatureAlgorithms = Self.signatureAlgorithms
  }

  /// Key-exchange groups in the order offered: the hybrid first, so that recorded traffic stays closed later.
  package static let groups: [NIOTLSCurve] = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1, .secp521r1]

  /// BoringSSL's default list, and P-521 and Ed25519, which it lacks; without SHA-1.
  package static let signatureAlgorithms: [SignatureAlgorithm] = [
    .ed25519, .ecdsaSecp256R1Sha256, .ecdsaSecp384R1Sha384, .ecdsaSecp521R1Sha512, .rsaPssRsaeSha256,
    .rsaPssRsaeSha384, .rsaPssRsaeSha512, .rsaPkcs1Sha256, .rsaPkcs1Sha384, .rsaPkcs1Sha512,
  ]
}

package enum TLSContextError: Error, Hashable {
  /// A server needs a certificate and a key.
  case noCredential
  /// The key belongs to another certificate.
  case keyMismatch
  /// The certificate's time is over, or has not begun.
  case notValid(from: Date, until: Date)
}

extension TLSContextError: ExplainedError {
  package var message: String {
    switch self {
    case .noCredential: "a server needs a certificate and its key"
    case .keyMismatch: "the server's key does not belong to its certificate"
    case .notValid(let from, let until):
      "the server's certificate is valid from \(from.formatted(.iso8601)) until \(until.formatted(.iso8601)), not now"
    }
  }

  package var hint: String? { nil }
  package var kind: FailureKind { .badInput }
}
