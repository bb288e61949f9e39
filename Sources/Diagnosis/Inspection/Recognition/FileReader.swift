import Formats

/// Takes one file apart into groups of items, and reports what is wrong with the file as a file.
struct FileReader {
  typealias Location = InspectionReport.Location
  typealias Finding = InspectionReport.Finding

  let file: Inspection.NamedBytes
  let password: String?
  let legacy: (any LegacyDecryption)?
  var findings: [Finding] = []
  var groups: [InspectedGroup] = []

  init(file: Inspection.NamedBytes, password: String?, legacy: (any LegacyDecryption)?) {
    self.file = file
    self.password = password
    self.legacy = legacy
  }

  private static let jksMagic: [UInt8] = [0xFE, 0xED, 0xFE, 0xED]
  private static let jceksMagic: [UInt8] = [0xCE, 0xCE, 0xCE, 0xCE]

  mutating func read() {
    let bytes = file.bytes
    guard !bytes.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) else { return reportEmpty() }
    guard bytes.count <= Inspection.sizeLimit else { return reportTooLarge() }
    if bytes.starts(with: Self.jksMagic) { return readJKS() }
    if bytes.starts(with: Self.jceksMagic) { return reportJCEKS() }
    if bytes.first == 0x30, let kind = DERKind.of(bytes) {
      reportPEMExpected()
      return kind == .pkcs12 ? readPKCS12() : readDER(bytes, kind)
    }
    if let documents = yaml() { return read(documents) }
    readPEM()
  }

  // MARK: - Groups

  var here: Location { Location(file: file.name) }

  mutating func add(
    _ items: [InspectionReport.Item], kind: InspectedGroup.Kind = .file, at location: Location? = nil,
    name: String? = nil
  ) {
    groups.append(
      InspectedGroup(
        kind: kind, location: location ?? here, isTrustBundle: NamePromise.isTrustBundle(name ?? file.name),
        entries: items.map(InspectedGroup.Entry.init)))
  }

  mutating func report(
    _ code: FindingCode, at location: Location? = nil, _ what: String, why: String, fix: String
  ) {
    findings.append(
      Finding(code: code, severity: .error, location: location ?? here, what: what, why: why, fix: fix))
  }

  // MARK: - DER

  private mutating func readDER(_ bytes: [UInt8], _ kind: DERKind) {
    if kind == .pkcs7 {
      return add(pkcs7Items(bytes, at: here, form: "PKCS#7"))
    }
    if let item = item(bytes, as: kind, at: here, form: "DER") { add([item]) }
  }

  private mutating func reportPEMExpected() {
    guard NamePromise.ending(file.name) == "pem" else { return }
    report(
      .derWherePEMExpected, "this is DER, and its name ends in .pem",
      why: "what reads a .pem file looks for BEGIN and END lines and finds none",
      fix: "countersign convert \(file.name.printable) -o OUT.pem")
  }

  /// One item of DER bytes, or nil with a finding when they can't be read as what they should be.
  mutating func item(_ bytes: [UInt8], as kind: DERKind, at location: Location, form: String) -> InspectionReport.Item?
  {
    do throws(DERDefect) {
      switch kind {
      case .certificate:
        let facts = try CertificateFacts(der: bytes)
        reportTrailing(facts.trailingByteCount, at: location)
        return InspectionReport.Item(location: location, content: .certificate(facts), form: form)
      case .request:
        let facts = try RequestFacts(der: bytes)
        reportTrailing(facts.trailingByteCount, at: location)
        return InspectionReport.Item(location: location, content: .request(facts), form: form)
      case .revocationList:
        let facts = try RevocationListFacts(der: bytes)
        reportTrailing(facts.trailingByteCount, at: location)
        return InspectionReport.Item(location: location, content: .revocationList(facts), form: form)
      case .privateKey:
        return InspectionReport.Item(
          location: location, content: .privateKey(try PrivateKeyFacts(der: bytes)), form: form)
      case .encryptedKey:
        return encryptedKey(bytes, facts: try EncryptionFacts(encryptedPKCS8: bytes), at: location, form: form)
      case .publicKey:
        var reader = DERReader(bytes)
        guard let element = try reader.next() else { return nil }
        return InspectionReport.Item(location: location, content: .publicKey(try PublicKeyFacts(element)), form: form)
      case .pkcs12, .pkcs7, .parameters:
        return InspectionReport.Item(location: location, content: .other(kind.name), form: form)
      }
    } catch {
      report(
        .malformed, at: location,
        "\(kind.name) was expected here and can't be read: \(error.reason) (byte \(error.offset))",
        why: "the bytes were damaged or cut off, or are something else",
        fix: "copy the file again from where it was made")
      return nil
    }
  }

  private mutating func reportTrailing(_ count: Int, at location: Location) {
    guard count > 0 else { return }
    report(
      .trailingBytes, at: location, "\(count) bytes follow the end of the structure",
      why: "strict readers refuse the whole",
      fix: "write it anew: countersign convert \(file.name.printable) -o OUT.pem")
  }

  // MARK: - Encrypted keys

  private mutating func encryptedKey(
    _ bytes: [UInt8], facts: EncryptionFacts, at location: Location, form: String
  ) -> InspectionReport.Item {
    let closed = InspectionReport.Item(location: location, content: .encryptedKey(facts), form: form)
    guard let password else { return closed }
    do throws(FormatError) {
      let plain = try EncryptedPKCS8.decrypt(bytes, passphrase: password, legacy: legacy)
      return opened(plain, facts: facts, closed: closed)
    } catch {
      return failed(error, closed: closed)
    }
  }

  func opened(_ plain: [UInt8], facts: EncryptionFacts, closed: InspectionReport.Item) -> InspectionReport.Item {
    var item = closed
    if let key = try? PrivateKeyFacts(der: plain, encryption: facts) { item.content = .privateKey(key) }
    return item
  }

  /// What remains of an item that the password didn't open.
  mutating func failed(_ error: FormatError, closed: InspectionReport.Item) -> InspectionReport.Item {
    var item = closed
    if case .wrongPassphrase = error {
      reportWrongPassword(at: closed.location)
    } else {
      item.notes.append("it can't be opened here: \(error.message)")
    }
    return item
  }

  mutating func reportWrongPassword(at location: Location) {
    report(
      .wrongPassword, at: location, "the password doesn't open this",
      why: "it was written with another one", fix: "name the file that holds its password with --password-file")
  }

  // MARK: - Files that are something else

  private mutating func reportEmpty() {
    report(
      .emptyFile, file.bytes.isEmpty ? "the file is empty" : "the file holds only white space",
      why: "whatever wrote it failed or was interrupted", fix: "write it again")
  }

  private mutating func reportTooLarge() {
    report(
      .tooLarge,
      "the file has \(file.bytes.count) bytes, and no file of certificates is larger than \(Inspection.sizeLimit)",
      why: "this is something else, perhaps a disk image, a log or a database", fix: "check the file's name")
  }

  private mutating func reportJCEKS() {
    add([InspectionReport.Item(location: here, content: .store(StoreFacts(format: .jceks)), form: "JCEKS")])
    report(
      .unsupportedFormat, "this is a JCEKS store, which only Java reads", why: "its keys are encrypted by 3DES and MD5",
      fix: "keytool -importkeystore -srckeystore \(file.name.printable) -destkeystore OUT.p12 -deststoretype PKCS12")
  }
}
