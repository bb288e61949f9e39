import Formats

/// PEM files, and files that aren't any.
extension FileReader {
  mutating func readPEM() {
    let scan = PEM.scan(file.bytes)
    let defects = scan.blocks.isEmpty ? scan.defects.filter(PEMDefects.isAboutMarkers) : scan.defects
    findings += defects.map { PEMDefects.finding($0, in: file.name) }
    guard !scan.blocks.isEmpty else {
      if defects.isEmpty { reportNotPEM() }
      return
    }
    let items = scan.blocks.enumerated().flatMap { index, block in
      self.items(block, at: Location(file: file.name, block: index + 1, line: block.line), form: "PEM")
    }
    add(items)
  }

  /// The items of one block. Only a PKCS#7 block has several.
  mutating func items(_ block: PEM.Block, at location: Location, form: String) -> [InspectionReport.Item] {
    switch block.label {
    case "OPENSSH PRIVATE KEY":
      report(
        .unsupportedFormat, at: location, "this is a key in OpenSSH's own format",
        why: "TLS software doesn't read it", fix: "ssh-keygen -p -m PKCS8 -f \(file.name.printable)")
      return [InspectionReport.Item(location: location, content: .privateKey(PrivateKeyFacts(openSSH: ())), form: form)]
    case "RSA PUBLIC KEY":
      let wrapped = DERWriter.sequence([DERWriter.rsaIdentifier, DERWriter.element(0x03, [0] + block.der)])
      return [item(wrapped, as: .publicKey, at: location, form: form)].compactMap(\.self)
    case _ where block.header("DEK-Info") != nil:
      return [traditionalKey(block, at: location, form: form)]
    default: break
    }
    guard let expected = PEMLabels.kind(block.label) else {
      return [
        InspectionReport.Item(
          location: location, content: .other("a block labelled \(block.label.printable)"), form: form)
      ]
    }
    let found = kind(of: block, expecting: expected)
    if found != expected { reportLabel(block.label, found, at: location) }
    if found == .pkcs7 { return pkcs7Items(block.der, at: location, form: form) }
    let bytes = block.label == "TRUSTED CERTIFICATE" ? firstElement(block.der) : block.der
    return [item(bytes, as: found, at: location, form: form)].compactMap(\.self)
  }

  private func kind(of block: PEM.Block, expecting expected: DERKind) -> DERKind {
    if expected == .parameters { return .parameters }
    guard let found = DERKind.of(block.der) else { return expected }
    return found == .parameters ? expected : found
  }

  private mutating func reportLabel(_ label: String, _ found: DERKind, at location: Location) {
    report(
      .labelMismatch, at: location, "the block is labelled \(label.printable) and holds \(found.name)",
      why: "readers choose by the label and fail on the content",
      fix: "label it by what it is: -----BEGIN \(PEMLabels.label(found))-----")
  }

  /// OpenSSL's TRUSTED CERTIFICATE is a certificate followed by trust settings.
  private func firstElement(_ der: [UInt8]) -> [UInt8] {
    var reader = DERReader(der)
    return (try? reader.next())?.bytes ?? der
  }

  private mutating func traditionalKey(_ block: PEM.Block, at location: Location, form: String) -> InspectionReport.Item
  {
    let facts = EncryptionFacts(dekInfo: block.header("DEK-Info") ?? "")
    let closed = InspectionReport.Item(location: location, content: .encryptedKey(facts), form: form)
    guard let password else { return closed }
    do throws(FormatError) {
      let key = try KeyCoding.decode(Array(block.text.utf8), passphrase: password, legacy: legacy)
      return opened(try KeyCoding.pkcs8(key), facts: facts, closed: closed)
    } catch {
      return failed(error, closed: closed)
    }
  }

  /// The certificates of a PKCS#7 bundle: SignedData ::= SEQUENCE { version, digestAlgorithms, contentInfo,
  /// certificates [0] IMPLICIT SET OF Certificate OPTIONAL, … } (RFC 5652 §5.1).
  mutating func pkcs7Items(_ der: [UInt8], at location: Location, form: String) -> [InspectionReport.Item] {
    var reader = DERReader(der)
    guard let fields = try? reader.next()?.sequence(limit: 4), fields.count == 2,
      let data = try? fields[1].children(limit: 1).first?.sequence(limit: 16),
      let certificates = try? data.first(where: { $0.isContext(0) })?.children(limit: 1000)
    else {
      return [
        InspectionReport.Item(
          location: location, content: .other("a PKCS#7 structure without certificates"), form: form)
      ]
    }
    return certificates.compactMap { item($0.bytes, as: .certificate, at: location, form: "PKCS#7") }
  }

  // MARK: - No PEM at all

  private mutating func reportNotPEM() {
    if let appearance = Appearance.describe(file.bytes) {
      add([InspectionReport.Item(location: here, content: .other(appearance), form: "file")])
      return report(
        .notPEM, "there is no PEM and no DER in this file: it looks like \(appearance)",
        why: "a certificate, a key, a request, a revocation list or a key store was expected",
        fix: appearance.hasPrefix("base64") ? "decode it first: base64 -d" : "check the file's name, and fetch it again"
      )
    }
    if file.bytes.first == 0x30, file.bytes.dropFirst().first.map({ $0 >= 0x80 }) == true {
      return report(
        .malformed, "this begins like DER and then breaks off: \(derDefect)",
        why: "the file was cut off, or was damaged by a transfer in text mode", fix: "copy it again in binary mode")
    }
    if Appearance.isText(file.bytes) {
      return report(
        .notPEM, "this is a text without any BEGIN line",
        why: "PEM begins with -----BEGIN, five ASCII dashes and a label",
        fix: "check the file's name; text before and after the PEM is allowed")
    }
    report(
      .unrecognized, "these bytes are none of the formats that hold certificates or keys",
      why: "neither PEM, DER, PKCS#12 nor JKS begins like this", fix: "check the file's name")
  }

  private var derDefect: String {
    var reader = DERReader(file.bytes)
    do throws(DERDefect) {
      guard let outer = try reader.next() else { return "there are no bytes" }
      _ = try outer.sequence(limit: 64)
      return "its structure is none that we know"
    } catch {
      return "\(error.reason) (byte \(error.offset))"
    }
  }
}

/// What the labels of PEM blocks promise (RFC 7468, and openssl's own).
enum PEMLabels {
  private static let kinds: [String: DERKind] = [
    "CERTIFICATE": .certificate, "X509 CERTIFICATE": .certificate, "TRUSTED CERTIFICATE": .certificate,
    "CERTIFICATE REQUEST": .request, "NEW CERTIFICATE REQUEST": .request, "X509 CRL": .revocationList,
    "PRIVATE KEY": .privateKey, "RSA PRIVATE KEY": .privateKey, "EC PRIVATE KEY": .privateKey,
    "DSA PRIVATE KEY": .privateKey, "ENCRYPTED PRIVATE KEY": .encryptedKey, "PUBLIC KEY": .publicKey,
    "PKCS7": .pkcs7, "CMS": .pkcs7, "EC PARAMETERS": .parameters, "DH PARAMETERS": .parameters,
    "DSA PARAMETERS": .parameters,
  ]

  static func kind(_ label: String) -> DERKind? { kinds[label] }

  static func label(_ kind: DERKind) -> String {
    switch kind {
    case .certificate: "CERTIFICATE"
    case .request: "CERTIFICATE REQUEST"
    case .revocationList: "X509 CRL"
    case .privateKey: "PRIVATE KEY"
    case .encryptedKey: "ENCRYPTED PRIVATE KEY"
    case .publicKey: "PUBLIC KEY"
    case .pkcs7, .pkcs12: "PKCS7"
    case .parameters: "EC PARAMETERS"
    }
  }
}
