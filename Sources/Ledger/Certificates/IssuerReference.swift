import Crypto
import SwiftASN1
package import X509

/// The issuer of a certificate, as the ledger names it.
///
/// It is the issuer's *key* that is named: an issuer certificate that is renewed with the same key goes on with the
/// same serial numbers and the same CRL numbers.
package struct IssuerReference: Sendable, Hashable {
  /// SHA-256 of the issuer's SubjectPublicKeyInfo, DER. 32 bytes.
  package let keyID: [UInt8]
  /// The n of `issuer-<n>.crt` in the home.
  package let ordinal: Int

  package init(keyID: [UInt8], ordinal: Int) {
    self.keyID = keyID
    self.ordinal = ordinal
  }

  /// - Throws: ``LedgerError/unusable(what:)`` for a key that can't be encoded.
  package init(publicKey: Certificate.PublicKey, ordinal: Int) throws(LedgerError) {
    self.init(keyID: try publicKey.ledgerHash, ordinal: ordinal)
  }
}

extension Certificate.PublicKey {
  /// SHA-256 of the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), DER: what the ledger calls a key by.
  package var ledgerHash: [UInt8] {
    get throws(LedgerError) {
      var serializer = DER.Serializer()
      do { try serializer.serialize(self) } catch { throw .unusable(what: "the public key can't be encoded") }
      return Array(SHA256.hash(data: serializer.serializedBytes))
    }
  }
}
