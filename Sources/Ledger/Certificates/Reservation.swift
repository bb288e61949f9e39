package import Credentials
package import Foundation

/// What is written down before a certificate is signed.
package struct Reservation: Sendable, Hashable {
  package var serial: SerialNumber
  package var issuer: IssuerReference
  /// The subject as RFC 4514 text.
  package var subject: String
  package var commonName: String?
  package var organization: String?
  /// The subject alternative names as text, in the certificate's order, such as `dns:a.example` or `ip:10.0.0.1`.
  package var names: [String]
  package var profile: String
  package var keyAlgorithm: String
  /// Whole seconds; a fraction is cut.
  package var notBefore: Date
  package var notAfter: Date
  /// SHA-256 of the subject's SubjectPublicKeyInfo, DER.
  package var publicKeyHash: [UInt8]
  /// The certification request, DER, where there was one.
  package var request: [UInt8]?
  /// Who asked: the operating system's user, or later an admitted client.
  package var requestedBy: String
  /// How a live request was let in; nil at the desk.
  package var admission: Admission?

  package init(
    serial: SerialNumber, issuer: IssuerReference, subject: String, commonName: String? = nil,
    organization: String? = nil, names: [String] = [], profile: String, keyAlgorithm: String, notBefore: Date,
    notAfter: Date, publicKeyHash: [UInt8], request: [UInt8]? = nil, requestedBy: String,
    admission: Admission? = nil
  ) {
    self.serial = serial
    self.issuer = issuer
    self.subject = subject
    self.commonName = commonName
    self.organization = organization
    self.names = names
    self.profile = profile
    self.keyAlgorithm = keyAlgorithm
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.publicKeyHash = publicKeyHash
    self.request = request
    self.requestedBy = requestedBy
    self.admission = admission
  }
}

extension Reservation {
  /// The most bytes that one certificate, one request, or the texts of one reservation may have.
  package static let mostBytes = 1_000_000

  /// Refuses what a database would silently cut or reject.
  ///
  /// - Throws: ``LedgerError/unusable(what:)``.
  package func check() throws(LedgerError) {
    guard serial.magnitude.count <= SerialNumber.longest else {
      throw .unusable(what: "the serial number is longer than 20 bytes")
    }
    var texts = [subject, commonName ?? "", organization ?? "", profile, keyAlgorithm, requestedBy] + names
    if let admission { texts += [admission.rule, admission.claim?.text ?? "", admission.source ?? ""] }
    guard texts.allSatisfy({ !$0.utf8.contains(0) }) else {
      throw .unusable(what: "a NUL character in a name")
    }
    let size = texts.reduce(0) { $0 + $1.utf8.count }
    guard size <= Self.mostBytes, request?.count ?? 0 <= Self.mostBytes else {
      throw .unusable(what: "names or a request of more than 1 MB")
    }
    guard issuer.keyID.count == 32, publicKeyHash.count == 32 else {
      throw .unusable(what: "a key hash that isn't SHA-256")
    }
  }
}
