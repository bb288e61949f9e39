import Foundation
import SwiftASN1
import X509

/// What certificates and revocation lists have in common (RFC 5280 §4.1, §5.1):
///
///     SEQUENCE  { toBeSigned, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
func signedDER(_ toBeSigned: [UInt8], algorithm: [UInt8], signature: Certificate.Signature) -> [UInt8] {
  // No bits of the last octet are unused.
  let value = derElement(DERTag.bitString, [0], signature.rawRepresentation)
  return derElement(DERTag.sequence, toBeSigned, algorithm, value)
}

/// An element around contents that are DER already. swift-asn1's serializer writes the content first and then moves
/// it, byte by byte, to make room for its length.
package func derElement(_ tag: UInt8, _ contents: [UInt8]...) -> [UInt8] { derElement(tag, all: contents) }

/// The same around any number of contents.
package func derElement(_ tag: UInt8, all contents: [[UInt8]]) -> [UInt8] {
  let length = contents.reduce(0) { $0 + $1.count }
  var bytes: [UInt8] = [tag]
  bytes.reserveCapacity(length + 8)
  if length < 0x80 {
    bytes.append(UInt8(truncatingIfNeeded: length))
  } else {
    let octets = withUnsafeBytes(of: UInt64(length).bigEndian) { Array($0.drop { $0 == 0 }) }
    bytes.append(0x80 | UInt8(truncatingIfNeeded: octets.count))
    bytes += octets
  }
  for content in contents { bytes += content }
  return bytes
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
