import Foundation
import SwiftASN1
import X509

/// What certificates and revocation lists have in common (RFC 5280 §4.1, §5.1):
///
///     SEQUENCE  { toBeSigned, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
func signedDER(_ toBeSigned: [UInt8], algorithm: [UInt8], signature: Certificate.Signature) throws -> [UInt8] {
  var serializer = DER.Serializer()
  try serializer.appendConstructedNode(identifier: .sequence) { list in
    list.serializeRawBytes(toBeSigned)
    list.serializeRawBytes(algorithm)
    try list.serialize(ASN1BitString(bytes: signature.rawRepresentation[...]))
  }
  return serializer.serializedBytes
}

extension DER.Serializer {
  /// RFC 5280 §4.1.2.5, §5.1.2.4: UTCTime through 2049, GeneralizedTime from 2050.
  mutating func serialize(time date: Date) throws {
    let time = UTCCalendar(date)
    if (1950..<2050).contains(time.year) {
      try serialize(
        UTCTime(
          year: time.year, month: time.month, day: time.day, hours: time.hours, minutes: time.minutes,
          seconds: time.seconds))
    } else {
      try serialize(time.generalizedTime)
    }
  }
}

extension UTCCalendar {
  var generalizedTime: GeneralizedTime {
    get throws {
      try GeneralizedTime(
        year: year, month: month, day: day, hours: hours, minutes: minutes, seconds: seconds, fractionalSeconds: 0)
    }
  }
}
