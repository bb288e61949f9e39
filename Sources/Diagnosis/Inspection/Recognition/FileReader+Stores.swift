import Formats

/// Key stores: PKCS#12 and JKS.
extension FileReader {
  mutating func readPKCS12() {
    var facts = StoreFacts(pkcs12: file.bytes)
    open(&facts)
  }

  mutating func readJKS() {
    var facts = StoreFacts(format: .jks)
    open(&facts)
  }

  private mutating func open(_ facts: inout StoreFacts) {
    var store = InspectionReport.Item(location: here, content: .store(facts), form: facts.format.rawValue)
    if facts.format == .jks {
      store.notes.append("JKS is Java's own format and hashes its password with SHA-1; PKCS#12 has replaced it")
    }
    do throws(FormatError) {
      let content = try decode(facts.format)
      facts.keyEntryCount = content.entries.count - content.trustedCertificates.count
      facts.trustedEntryCount = content.trustedCertificates.count
      store.content = .store(facts)
      add([store], kind: .storeEntry)
      add(content)
    } catch {
      switch error {
      case .passphraseNeeded: store.notes.append("its entries can be seen with --password-file")
      case .unsupported: store.notes.append("it can't be opened here: \(error.message)")
      case .wrongPassphrase: reportWrongPassword(at: here)
      default:
        report(
          .malformed, error.message, why: "the store was damaged or cut off",
          fix: "copy it again in binary mode from where it was made")
      }
      add([store], kind: .storeEntry)
    }
  }

  private func decode(_ format: StoreFacts.Format) throws(FormatError) -> KeyStore {
    guard format == .jks else { return try PKCS12.decode(file.bytes, password: password, legacy: legacy) }
    guard let password else { return try JKS.insecureDecodeWithoutPassword(file.bytes) }
    return try JKS.decode(file.bytes, password: password)
  }

  /// A key with its chain is a group of its own; all trusted certificates are one.
  private mutating func add(_ store: KeyStore) {
    var trusted: [InspectionReport.Item] = []
    for entry in store.entries {
      let location = Location(file: file.name, alias: entry.alias)
      switch entry.content {
      case .key(let pkcs8, let chain):
        var items: [InspectionReport.Item] = []
        if !pkcs8.isEmpty, let key = item(pkcs8, as: .privateKey, at: location, form: "key entry") { items.append(key) }
        items += chain.compactMap { item($0, as: .certificate, at: location, form: "key entry") }
        add(items, kind: .storeEntry, at: location)
      case .trusted(let der):
        guard var item = item(der, as: .certificate, at: location, form: "trusted entry") else { continue }
        if !entry.isVisibleToJava { item.notes.append("Java doesn't see this entry: it lacks Java's mark of trust") }
        trusted.append(item)
      }
    }
    if !trusted.isEmpty { add(trusted, kind: .trustStore) }
  }
}
