import SwiftASN1
import X509

/// The fields of a certificate's encoding that `Certificate` doesn't hand out, read without decoding the rest.
///
///     Certificate  ::=  SEQUENCE  { tbsCertificate, signatureAlgorithm, signatureValue }
///     TBSCertificate  ::=  SEQUENCE  {
///         version [0], serialNumber, signature, issuer, validity, subject, … }
struct CertificateFields {
  /// The integer's content octets as they stand, sign included.
  var serial: ArraySlice<UInt8>
  var innerAlgorithm: ArraySlice<UInt8>
  var outerAlgorithm: ArraySlice<UInt8>
  var subject: ArraySlice<UInt8>
  /// SubjectPublicKeyInfo's content.
  var publicKey: ArraySlice<UInt8>

  init?(_ certificate: Certificate) {
    var serializer = DER.Serializer()
    guard (try? serializer.serialize(certificate)) != nil else { return nil }
    self.init(der: serializer.serializedBytes[...])
  }

  init?(der: ArraySlice<UInt8>) {
    var outer = DERReader(der)
    guard var body = outer.next(DERTag.sequence).map({ DERReader($0.content) }),
      var tbs = body.next(DERTag.sequence).map({ DERReader($0.content) }),
      let outerAlgorithm = body.next(DERTag.sequence)
    else { return nil }
    _ = tbs.next(DERTag.context(0, constructed: true))
    guard let serial = tbs.next(DERTag.integer), let algorithm = tbs.next(DERTag.sequence),
      tbs.next(DERTag.sequence) != nil, tbs.next(DERTag.sequence) != nil, let subject = tbs.next(DERTag.sequence),
      let publicKey = tbs.next(DERTag.sequence)
    else { return nil }
    self.serial = serial.content
    self.innerAlgorithm = algorithm.encoded
    self.outerAlgorithm = outerAlgorithm.encoded
    self.subject = subject.encoded
    self.publicKey = publicKey.content
  }

  /// RFC 5280 §4.1.2.2: a serial number is positive.
  var hasPositiveSerial: Bool { (serial.first ?? 0x80) & 0x80 == 0 && serial.contains { $0 != 0 } }

  /// SubjectPublicKeyInfo's AlgorithmIdentifier.
  var keyAlgorithm: ArraySlice<UInt8> {
    var reader = DERReader(publicKey)
    return reader.next(DERTag.sequence)?.encoded ?? []
  }

  /// The bits of an RSA key's modulus; nil for other keys (RFC 3279 §2.3.1).
  var rsaModulusBits: Int? {
    var reader = DERReader(publicKey)
    guard let algorithm = reader.next(DERTag.sequence)?.encoded,
      Self.identifiers(algorithm) == ASN1ObjectIdentifier.AlgorithmIdentifier.rsaEncryption.description,
      let bits = reader.next(DERTag.bitString)
    else { return nil }
    var key = DERReader(bits.content.dropFirst())
    guard var numbers = key.next(DERTag.sequence).map({ DERReader($0.content) }),
      let modulus = numbers.next(DERTag.integer)?.content.drop(while: { $0 == 0 })
    else { return nil }
    return modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
  }

  /// The object identifiers of an AlgorithmIdentifier: the algorithm, and its curve where that is the parameter.
  static func identifiers(_ algorithm: ArraySlice<UInt8>) -> String {
    var outer = DERReader(algorithm)
    guard var fields = outer.next(DERTag.sequence).map({ DERReader($0.content) }) else { return "" }
    var names: [String] = []
    while let element = fields.next(DERTag.objectIdentifier) {
      guard let identifier = try? ASN1ObjectIdentifier(derEncoded: element.encoded) else { break }
      names.append(identifier.description)
    }
    return names.joined(separator: " with ")
  }
}
