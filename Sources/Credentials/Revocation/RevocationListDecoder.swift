import Foundation
import SwiftASN1
import X509

/// Reads a revocation list, entry by entry, so that a long one costs no tree of nodes.
///
///     CertificateList  ::=  SEQUENCE  { tbsCertList, signatureAlgorithm, signatureValue BIT STRING }
///     TBSCertList  ::=  SEQUENCE  {
///         version                 Version OPTIONAL, -- if present, MUST be v2
///         signature               AlgorithmIdentifier,
///         issuer                  Name,
///         thisUpdate              Time,
///         nextUpdate              Time OPTIONAL,
///         revokedCertificates     SEQUENCE OF SEQUENCE  {
///             userCertificate         CertificateSerialNumber,
///             revocationDate          Time,
///             crlEntryExtensions      Extensions OPTIONAL } OPTIONAL,
///         crlExtensions           [0]  EXPLICIT Extensions OPTIONAL }
struct RevocationListDecoder {
  var issuer = DistinguishedName()
  var thisUpdate = Date(timeIntervalSince1970: 0)
  var nextUpdate: Date?
  var number: [UInt8]?
  var authorityKeyIdentifier: [UInt8]?
  var entries: [RevokedCertificate] = []
  var signatureAlgorithm: Certificate.SignatureAlgorithm = .ecdsaWithSHA256
  var defect: Reason?
  var scope = CertificateRevocationList.Scope()
  var tbs: ArraySlice<UInt8> = []
  var signature: ArraySlice<UInt8> = []

  static func decode(_ der: [UInt8]) throws(RevocationError) -> RevocationListDecoder {
    guard der.count <= CertificateRevocationList.sizeLimit else {
      throw .tooLarge(CertificateRevocationList.sizeLimit)
    }
    do {
      var decoder = RevocationListDecoder()
      try decoder.read(der)
      return decoder
    } catch let error as RevocationError {
      throw error
    } catch {
      throw .malformed("an element of it can't be decoded")
    }
  }

  private mutating func read(_ der: [UInt8]) throws {
    var file = DERReader(der[...])
    guard let list = file.next(DERTag.sequence), file.isAtEnd else {
      throw RevocationError.malformed("it isn't one DER sequence")
    }
    var outer = DERReader(list.content)
    guard let tbs = outer.next(DERTag.sequence), let algorithm = outer.next(DERTag.sequence),
      let bits = outer.next(DERTag.bitString), outer.isAtEnd
    else { throw RevocationError.malformed("its three parts aren't there") }
    guard let known = SignatureAlgorithms.algorithm(algorithm.encoded) else {
      throw RevocationError.unsupportedAlgorithm
    }
    signatureAlgorithm = known
    signature = try ASN1BitString(derEncoded: bits.encoded).bytes
    self.tbs = tbs.encoded
    try readBody(DERReader(tbs.content), outerAlgorithm: algorithm.encoded)
  }

  private mutating func readBody(_ body: DERReader, outerAlgorithm: ArraySlice<UInt8>) throws {
    var body = body
    let version = try body.next(DERTag.integer).map { try Int(derEncoded: $0.encoded) }
    guard version == nil || version == 1 else { throw RevocationError.malformed("its version isn't 2") }
    guard let algorithm = body.next(DERTag.sequence), let name = body.next(DERTag.sequence), let this = body.next()
    else { throw RevocationError.malformed("algorithm, issuer or date are missing") }
    guard algorithm.encoded == outerAlgorithm else {
      throw RevocationError.malformed("its two signature algorithms differ")
    }
    issuer = try DistinguishedName(derEncoded: DER.parse(name.encoded))
    guard !issuer.isEmpty else { throw RevocationError.malformed("its issuer is empty") }
    thisUpdate = try date(this)
    if body.nextTag == DERTag.utcTime || body.nextTag == DERTag.generalizedTime {
      nextUpdate = try body.next().map(date)
    }
    if let revoked = body.next(DERTag.sequence) { try readEntries(DERReader(revoked.content)) }
    if let wrapped = body.next(DERTag.context(0, constructed: true)) {
      guard version == 1 else { throw RevocationError.malformed("extensions in a list of version 1") }
      for ext in try extensions(wrapped.content) { try read(ext) }
    }
    guard body.isAtEnd else { throw RevocationError.malformed("surplus fields") }
    requireProfile()
  }

  private mutating func readEntries(_ list: DERReader) throws {
    var list = list
    while let element = list.next(DERTag.sequence) {
      var fields = DERReader(element.content)
      guard let serial = fields.next(DERTag.integer), let when = fields.next() else {
        throw RevocationError.malformed("an entry without serial or date")
      }
      var entry = RevokedCertificate(
        serial: Certificate.SerialNumber(bytes: Self.unsigned(serial.content)), date: try date(when))
      if fields.nextTag == DERTag.sequence, let block = fields.next() {
        for ext in try extensions(block.encoded) { try read(ext, into: &entry) }
      }
      guard fields.isAtEnd else { throw RevocationError.malformed("an entry with surplus fields") }
      entries.append(entry)
    }
    guard list.isAtEnd else { throw RevocationError.malformed("an entry that is no sequence") }
  }

  private mutating func read(_ ext: Certificate.Extension) throws {
    switch ext.oid {
    case .X509ExtensionID.authorityKeyIdentifier:
      authorityKeyIdentifier = try AuthorityKeyIdentifier(ext).keyIdentifier.map(Array.init)
    case ExtensionID.crlNumber:
      number = Self.unsigned(try ArraySlice<UInt8>(derEncoded: ext.value))
      if ext.critical { note("cRLNumber must not be critical (RFC 5280 §5.2.3)") }
      if number?.count ?? 0 > 20 { note("its number is longer than 20 octets") }
    case ExtensionID.issuingDistributionPoint: try readScope(ext.value)
    case ExtensionID.deltaCRLIndicator: note("a delta list, which is unsupported")
    default: if ext.critical { note("critical extension \(ext.oid) is not understood") }
    }
  }

  private mutating func read(_ ext: Certificate.Extension, into entry: inout RevokedCertificate) throws {
    switch ext.oid {
    case ExtensionID.reasonCode:
      let code = try Int(derEncoded: ext.value, withIdentifier: .enumerated)
      guard let reason = RevocationReason(rawValue: code) else {
        throw RevocationError.malformed("an unknown reason code \(code)")
      }
      entry.reason = reason == .unspecified ? nil : reason
    case ExtensionID.invalidityDate:
      entry.invalidityDate = UTCCalendar(try GeneralizedTime(derEncoded: ext.value)).date
    case ExtensionID.certificateIssuer: note("an indirect list, which is unsupported")
    default: if ext.critical { note("critical entry extension \(ext.oid) is not understood") }
    }
  }

  /// IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0], onlyContainsUserCerts [1],
  ///     onlyContainsCACerts [2], onlySomeReasons [3], indirectCRL [4], onlyContainsAttributeCerts [5] }
  private mutating func readScope(_ value: ArraySlice<UInt8>) throws {
    let (names, others) = try DER.sequence(DER.parse(value), identifier: .sequence) { nodes in
      let names = try DistributionPointName.fullNames(&nodes)
      var others: [ASN1Node] = []
      while let node = nodes.next() { others.append(node) }
      return (names, others)
    }
    scope.names = names
    for node in others {
      switch node.identifier.tagNumber {
      case 1: scope.onlyEndEntities = try Bool(derEncoded: node, withIdentifier: node.identifier)
      case 2: scope.onlyAuthorities = try Bool(derEncoded: node, withIdentifier: node.identifier)
      case 3: note("a list of some reasons only, which is unsupported")
      case 4:
        if try Bool(derEncoded: node, withIdentifier: node.identifier) {
          note("an indirect list, which is unsupported")
        }
      default: note("a list of attribute certificates")
      }
    }
  }

  /// RFC 5280 §5.1.2.5, §5.2.1 and §5.2.3 require these of every issuer.
  private mutating func requireProfile() {
    if nextUpdate == nil { note("it has no nextUpdate (RFC 5280 §5.1.2.5)") }
    if number == nil { note("it has no cRLNumber (RFC 5280 §5.2.3)") }
    if authorityKeyIdentifier == nil { note("it has no authorityKeyIdentifier (RFC 5280 §5.2.1)") }
    if signatureAlgorithm == .sha1WithRSAEncryption { note("signed with SHA-1, which is broken") }
  }

  private mutating func note(_ what: String) { defect = defect ?? .revocationListUnusable(what) }

  private func extensions(_ bytes: ArraySlice<UInt8>) throws -> [Certificate.Extension] {
    let list = try DER.sequence(of: Certificate.Extension.self, identifier: .sequence, rootNode: DER.parse(bytes))
    // Refuses repeats, and more than any list has.
    return Array(try Certificate.Extensions(list))
  }

  private func date(_ element: DERReader.Element) throws -> Date {
    switch element.tag {
    case DERTag.utcTime: UTCCalendar(try UTCTime(derEncoded: element.encoded)).date
    case DERTag.generalizedTime: UTCCalendar(try GeneralizedTime(derEncoded: element.encoded)).date
    default: throw RevocationError.malformed("a date that is no time")
    }
  }

  private static func unsigned(_ integer: ArraySlice<UInt8>) -> [UInt8] {
    let digits = Array(integer.drop { $0 == 0 })
    return digits.isEmpty ? [0] : digits
  }
}

extension UTCCalendar {
  init(_ time: UTCTime) {
    self.init(
      year: time.year, month: time.month, day: time.day, hours: time.hours, minutes: time.minutes,
      seconds: time.seconds)
  }

  init(_ time: GeneralizedTime) {
    self.init(
      year: time.year, month: time.month, day: time.day, hours: time.hours, minutes: time.minutes,
      seconds: time.seconds)
  }
}
