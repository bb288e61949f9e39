package import Foundation
package import X509

/// A list of the certificates that an issuer took back before their time (RFC 5280 §5).
package struct CertificateRevocationList: Hashable, Sendable {
  package let issuer: DistinguishedName
  package let thisUpdate: Date
  /// Nil only in a list that breaks the profile.
  package let nextUpdate: Date?
  /// The content octets of the CRL number, without leading zeros.
  package let number: [UInt8]?
  package let authorityKeyIdentifier: [UInt8]?
  /// In the list's order.
  package let entries: [RevokedCertificate]
  package let signatureAlgorithm: Certificate.SignatureAlgorithm
  package let der: [UInt8]

  /// Why the list can't answer for anybody: an extension that we don't understand, a delta or indirect list.
  package let defect: Reason?
  package let scope: Scope
  let tbs: ArraySlice<UInt8>
  let signature: ArraySlice<UInt8>
  let knownSigners = KnownSigners()
  private let entryBySerial: [ArraySlice<UInt8>: Int]

  /// What the issuing distribution point leaves in the list (RFC 5280 §5.2.5).
  package struct Scope: Hashable, Sendable {
    var onlyEndEntities = false
    var onlyAuthorities = false
    var names: [GeneralName] = []
  }

  /// The most bytes of one list.
  package static let sizeLimit = 32 * 1024 * 1024

  /// - Throws: ``RevocationError`` when the bytes are no revocation list.
  package init(der: [UInt8]) throws(RevocationError) {
    let list = try RevocationListDecoder.decode(der)
    self.der = der
    issuer = list.issuer
    thisUpdate = list.thisUpdate
    nextUpdate = list.nextUpdate
    number = list.number
    authorityKeyIdentifier = list.authorityKeyIdentifier
    entries = list.entries
    signatureAlgorithm = list.signatureAlgorithm
    defect = list.defect
    scope = list.scope
    tbs = list.tbs
    signature = list.signature
    entryBySerial = Dictionary(
      list.entries.enumerated().map { ($1.serial.bytes, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// Whether the issuer's key signed the list. Checked once for each key, however many threads and copies ask.
  package func isSigned(by key: Certificate.PublicKey) -> Bool {
    knownSigners.isSigned(by: key) { key.isValidSignature(signature, for: tbs, signatureAlgorithm: signatureAlgorithm) }
  }

  /// The entry of a serial number, unless the list takes it back.
  package func entry(for serial: Certificate.SerialNumber) -> RevokedCertificate? {
    guard let index = entryBySerial[serial.bytes], entries.indices.contains(index) else { return nil }
    return entries[index].reason == .removeFromCRL ? nil : entries[index]
  }
}

/// One entry of a revocation list (RFC 5280 §5.1.2.6, §5.3).
package struct RevokedCertificate: Hashable, Sendable {
  package var serial: Certificate.SerialNumber
  package var date: Date
  /// Nil for unspecified, which is written by leaving it out.
  package var reason: RevocationReason?
  /// When the key is thought to have been lost, where that is known.
  package var invalidityDate: Date?

  package init(
    serial: Certificate.SerialNumber, date: Date, reason: RevocationReason? = nil, invalidityDate: Date? = nil
  ) {
    self.serial = serial
    self.date = date
    self.reason = reason
    self.invalidityDate = invalidityDate
  }
}

/// Why a certificate was revoked (RFC 5280 §5.3.1). The raw value is CRLReason's.
package enum RevocationReason: Int, Hashable, Sendable, CaseIterable {
  case unspecified = 0
  case keyCompromise = 1
  case cACompromise = 2
  case affiliationChanged = 3
  case superseded = 4
  case cessationOfOperation = 5
  case certificateHold = 6
  case removeFromCRL = 8
  case privilegeWithdrawn = 9
  case aACompromise = 10

  /// The name in RFC 5280, as the command line takes it.
  package var text: String { String(describing: self) }

  package init?(text: String) {
    guard let reason = Self.allCases.first(where: { $0.text == text }) else { return nil }
    self = reason
  }
}

/// Why a revocation list can't be read or written.
package enum RevocationError: ExplainedError, Hashable {
  case tooLarge(Int)
  case malformed(String)
  case unsupportedAlgorithm
  case issuerMayNotSign
  case keyMismatch
  case invalidPeriod
  case signing(String)

  package var message: String {
    switch self {
    case .tooLarge(let limit): "a revocation list larger than \(limit) bytes"
    case .malformed(let what): "not a revocation list: \(what)"
    case .unsupportedAlgorithm: "a revocation list signed with an unsupported algorithm"
    case .issuerMayNotSign: "the issuer's keyUsage lacks cRLSign"
    case .keyMismatch: "the key doesn't belong to the issuer's certificate"
    case .invalidPeriod: "the next update isn't after this one"
    case .signing(let what): "the revocation list can't be signed: \(what)"
    }
  }

  package var hint: String? {
    switch self {
    case .malformed: "give a DER revocation list, or PEM between BEGIN X509 CRL and END X509 CRL"
    case .issuerMayNotSign: "sign with an authority whose certificate has keyUsage cRLSign, as countersign makes them"
    default: nil
    }
  }

  package var kind: FailureKind {
    switch self {
    case .issuerMayNotSign, .keyMismatch: .refused
    default: .badInput
    }
  }
}
