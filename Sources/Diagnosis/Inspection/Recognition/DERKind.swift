/// What DER bytes are, told by their structure alone.
enum DERKind: Hashable, Sendable {
  case certificate, request, revocationList, privateKey, encryptedKey, publicKey, pkcs12, pkcs7, parameters

  var name: String {
    switch self {
    case .certificate: "a certificate"
    case .request: "a certificate request"
    case .revocationList: "a revocation list"
    case .privateKey: "a private key"
    case .encryptedKey: "an encrypted private key"
    case .publicKey: "a public key"
    case .pkcs12: "a PKCS#12 store"
    case .pkcs7: "a PKCS#7 bundle"
    case .parameters: "parameters"
    }
  }

  static func of(_ bytes: [UInt8]) -> DERKind? {
    var reader = DERReader(bytes)
    if let outer = try? reader.next() {
      if outer.isUniversal(.objectIdentifier) { return .parameters }
      guard let fields = try? outer.sequence(limit: 64), !fields.isEmpty else { return nil }
      return of(fields)
    }
    return isIndefinitePKCS12(bytes) ? .pkcs12 : nil
  }

  private static func of(_ fields: [DERElement]) -> DERKind? {
    if fields.count == 3, fields[0].isUniversal(.sequence), fields[1].isUniversal(.sequence),
      fields[2].isUniversal(.bitString)
    {
      return signed(fields[0])
    }
    if fields.count == 2, fields[0].isUniversal(.sequence), (try? AlgorithmIdentifier(fields[0])) != nil {
      if fields[1].isUniversal(.octetString) { return .encryptedKey }
      if fields[1].isUniversal(.bitString) { return .publicKey }
    }
    if fields[0].objectIdentifier?.hasPrefix("1.2.840.113549.1.7.") == true { return .pkcs7 }
    guard let version = fields[0].smallInteger, fields.count > 1 else { return nil }
    if version == 3, fields[1].isUniversal(.sequence) { return .pkcs12 }
    if fields.count > 2, fields[1].isUniversal(.sequence), fields[2].isUniversal(.octetString) { return .privateKey }
    if version == 1, fields[1].isUniversal(.octetString) { return .privateKey }
    let isNumbers = fields.allSatisfy { $0.isUniversal(.integer) }
    return version == 0 && isNumbers && (fields.count == 9 || fields.count == 6) ? .privateKey : nil
  }

  /// Tells the three signed structures apart by the order of their first fields.
  private static func signed(_ body: DERElement) -> DERKind? {
    guard let fields = try? body.children(limit: 16), fields.count > 2 else { return nil }
    if fields[0].isContext(0) { return .certificate }
    let isTime = { (element: DERElement) in element.isUniversal(.utcTime) || element.isUniversal(.generalizedTime) }
    if isTime(fields[2]) { return .revocationList }
    guard fields[0].isUniversal(.integer) else { return nil }
    if fields.count > 3, isTime(fields[3]) { return .revocationList }
    return fields.count > 5 ? .certificate : .request
  }

  /// Some tools write PKCS#12 in BER with indefinite lengths: 30 80 02 01 03.
  private static func isIndefinitePKCS12(_ bytes: [UInt8]) -> Bool {
    bytes.starts(with: [0x30, 0x80, 0x02, 0x01, 0x03])
  }
}
