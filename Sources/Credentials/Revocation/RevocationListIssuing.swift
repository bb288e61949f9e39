package import Foundation
import SwiftASN1
package import X509

/// The issuer's part of a new revocation list.
package struct RevocationListIssuer: Sendable {
  package var certificate: Certificate
  package var key: Certificate.PrivateKey

  package init(certificate: Certificate, key: Certificate.PrivateKey) {
    self.certificate = certificate
    self.key = key
  }
}

/// What sets one list of an issuer apart from the others.
package struct RevocationListUpdate: Hashable, Sendable {
  /// Rises with each list of the issuer.
  package var number: UInt64
  package var thisUpdate: Date
  package var nextUpdate: Date

  package init(number: UInt64, thisUpdate: Date, nextUpdate: Date) {
    self.number = number
    self.thisUpdate = thisUpdate
    self.nextUpdate = nextUpdate
  }
}

extension CertificateRevocationList {
  /// Signs a version 2 list (RFC 5280 §5). Pure: the caller supplies times and number.
  ///
  /// - Parameter entries: in any order; written sorted by serial, the last of a repeated serial.
  /// - Returns: DER.
  /// - Throws: ``RevocationError``: `.issuerMayNotSign`, `.keyMismatch`, `.invalidPeriod`, `.signing`.
  package static func issue(
    entries: [RevokedCertificate], by issuer: RevocationListIssuer, update: RevocationListUpdate
  ) throws(RevocationError) -> [UInt8] {
    guard UTCCalendar(update.thisUpdate).date < UTCCalendar(update.nextUpdate).date else { throw .invalidPeriod }
    guard issuer.key.publicKey == issuer.certificate.publicKey else { throw .keyMismatch }
    if let usage = try? issuer.certificate.extensions.keyUsage, !usage.cRLSign { throw .issuerMayNotSign }
    let algorithm = issuer.key.preferredSignatureAlgorithm
    guard let identifier = SignatureAlgorithms.encoding(algorithm) else { throw .unsupportedAlgorithm }
    do {
      let encoder = RevocationListEncoder(issuer: issuer.certificate, algorithm: identifier, update: update)
      let tbs = try encoder.encode(entries)
      let signature = try issuer.key.sign(bytes: tbs, signatureAlgorithm: algorithm)
      return signedDER(tbs, algorithm: identifier, signature: signature)
    } catch {
      throw .signing("\(error)")
    }
  }
}

private struct RevocationListEncoder {
  var issuer: Certificate
  var algorithm: [UInt8]
  var update: RevocationListUpdate

  func encode(_ entries: [RevokedCertificate]) throws -> [UInt8] {
    var serializer = DER.Serializer()
    try serializer.appendConstructedNode(identifier: .sequence) { list in
      try list.serialize(1)
      list.serializeRawBytes(algorithm)
      try list.serialize(issuer.subject)
      try list.serialize(time: update.thisUpdate)
      try list.serialize(time: update.nextUpdate)
      // RFC 5280 §5.1.2.6: absent, not empty, when nothing is revoked.
      let sorted = Self.sorted(entries)
      if !sorted.isEmpty {
        try list.appendConstructedNode(identifier: .sequence) { list in
          for entry in sorted { try Self.append(entry, to: &list) }
        }
      }
      try list.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { list in
        try list.serializeSequenceOf([authorityKeyIdentifier(), crlNumber()])
      }
    }
    return serializer.serializedBytes
  }

  private static func sorted(_ entries: [RevokedCertificate]) -> [RevokedCertificate] {
    let unique = Dictionary(entries.map { ($0.serial, $0) }, uniquingKeysWith: { _, last in last })
    return unique.values.sorted {
      let left = $0.serial.bytes
      let right = $1.serial.bytes
      return left.count == right.count ? left.lexicographicallyPrecedes(right) : left.count < right.count
    }
  }

  private static func append(_ entry: RevokedCertificate, to list: inout DER.Serializer) throws {
    var extensions: [Certificate.Extension] = []
    if let reason = entry.reason, reason != .unspecified {
      var value = DER.Serializer()
      value.appendPrimitiveNode(identifier: .enumerated) { $0.append(UInt8(reason.rawValue)) }
      extensions.append(.init(oid: ExtensionID.reasonCode, critical: false, value: value.serializedBytes[...]))
    }
    if let date = entry.invalidityDate {
      var value = DER.Serializer()
      try value.serialize(UTCCalendar(date).generalizedTime)
      extensions.append(.init(oid: ExtensionID.invalidityDate, critical: false, value: value.serializedBytes[...]))
    }
    try list.appendConstructedNode(identifier: .sequence) { list in
      try list.serialize(entry.serial.bytes)
      try list.serialize(time: entry.date)
      if !extensions.isEmpty { try list.serializeSequenceOf(extensions) }
    }
  }

  private func authorityKeyIdentifier() throws -> Certificate.Extension {
    let identifier =
      try issuer.extensions.subjectKeyIdentifier?.keyIdentifier
      ?? SubjectKeyIdentifier(hash: issuer.publicKey).keyIdentifier
    return try Certificate.Extension(AuthorityKeyIdentifier(keyIdentifier: identifier), critical: false)
  }

  private func crlNumber() throws -> Certificate.Extension {
    var value = DER.Serializer()
    try value.serialize(update.number)
    return .init(oid: ExtensionID.crlNumber, critical: false, value: value.serializedBytes[...])
  }
}
