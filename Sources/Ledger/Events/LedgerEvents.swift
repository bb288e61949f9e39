package import Credentials
import Crypto
import Foundation

/// The events that stand for rows. What they say of a row is enough to tell whether the row was edited since.
package enum LedgerEvents {
  package static func reserved(_ reservation: Reservation) -> EncodedEntry {
    EncodedEntry(
      kind: .certificateReserved, actor: reservation.requestedBy, subject: reservation.serial.hex,
      detail: detail(reservation, fingerprint: nil))
  }

  /// A certificate whose serial was reserved with others: what it is, and that it was issued.
  package static func recorded(_ reservation: Reservation, fingerprint: [UInt8]) -> EncodedEntry {
    EncodedEntry(
      kind: .certificateIssued, actor: reservation.requestedBy, subject: reservation.serial.hex,
      detail: detail(reservation, fingerprint: fingerprint.hexadecimal))
  }

  private static func detail(_ reservation: Reservation, fingerprint: String?) -> String {
    let admission = reservation.admission
    return CanonicalJSON.encode(members: [
      ("admission", admission?.kind.rawValue), ("claim", admission?.claim?.text), ("fingerprint", fingerprint),
      ("issuer", reservation.issuer.keyID.hexadecimal), ("name", reservation.subject),
      ("profile", reservation.profile), ("row", reservation.digest.hexadecimal), ("rule", admission?.rule),
      ("source", admission?.source),
    ])
  }

  package static func reserved(_ serials: [SerialNumber], of issuer: [UInt8], by actor: String) -> EncodedEntry {
    EncodedEntry(
      kind: .serialsReserved, actor: actor, subject: String(serials.count),
      detail: CanonicalJSON.encode(members: [
        ("issuer", issuer.hexadecimal), ("serials", serials.map(\.hex).joined(separator: " ")),
      ]))
  }

  package static func issued(
    _ serial: String, of issuer: [UInt8], fingerprint: [UInt8], by actor: String
  ) -> EncodedEntry {
    EncodedEntry(
      kind: .certificateIssued, actor: actor, subject: serial,
      detail: CanonicalJSON.encode(members: [
        ("fingerprint", fingerprint.hexadecimal), ("issuer", issuer.hexadecimal),
      ]))
  }

  package static func revoked(
    _ serial: SerialNumber, of issuer: [UInt8], reason: RevocationRecord.Reason, by actor: String
  ) -> EventEntry {
    EventEntry(
      kind: .certificateRevoked, actor: actor, subject: serial.hex,
      detail: ["issuer": issuer.hexadecimal, "reason": reason.rawValue])
  }

  package static func crlReserved(_ number: Int64, of issuer: [UInt8], by actor: String) -> EventEntry {
    EventEntry(
      kind: .crlReserved, actor: actor, subject: String(number), detail: ["issuer": issuer.hexadecimal])
  }

  package static func crlIssued(_ crl: IssuedCRL, by actor: String) -> EventEntry {
    EventEntry(
      kind: .crlIssued, actor: actor, subject: String(crl.number),
      detail: [
        "fingerprint": crl.fingerprint.hexadecimal, "issuer": crl.issuer.keyID.hexadecimal,
        "nextUpdate": String(crl.nextUpdate.unixSeconds), "thisUpdate": String(crl.thisUpdate.unixSeconds),
      ])
  }
}

extension Reservation {
  /// SHA-256 over every field.
  package var digest: [UInt8] {
    var input = LengthPrefixed("countersign reservation v1")
    input.append(serial.magnitude)
    input.append(issuer.keyID)
    input.append(Int64(issuer.ordinal))
    input.append(subject)
    input.append(commonName)
    input.append(organization)
    input.append(CanonicalJSON.encode(names))
    input.append(profile)
    input.append(keyAlgorithm)
    input.append(requestedBy)
    input.append(notBefore.unixSeconds)
    input.append(notAfter.unixSeconds)
    input.append(publicKeyHash)
    input.append(request)
    if let admission {
      input.append(admission.kind.rawValue)
      input.append(admission.rule)
      input.append(admission.claim?.text)
      input.append(admission.source)
    }
    return input.hash
  }
}

/// SHA-256 of a certificate or CRL, DER: its fingerprint.
package func ledgerFingerprint(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
