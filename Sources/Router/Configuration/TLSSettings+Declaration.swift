import Credentials
import Formats

// What listeners and clusters say of TLS; its schema was checked.

extension IdentityFiles {
  init(_ declared: Declaration, in folder: ConfigurationFolder) throws(DeclarationError) {
    self.init(
      certificate: folder.resolved(try declared.required("cert")), key: folder.resolved(try declared.required("key")),
      passphraseFile: declared.text("passphraseFile").map { folder.resolved($0) })
  }
}

extension RevocationSource {
  /// Nil where no CRL is named.
  init?(_ declared: Declaration, in folder: ConfigurationFolder) throws(DeclarationError) {
    guard let crl = declared.tree["crl"] else {
      for key in ["staleAfter", "whenStale"] where declared.tree[key] != nil {
        throw DeclarationError(
          "\(key) is for a CRL, and none is named", advice: "name one with crl, or leave \(key) out",
          at: declared.place(of: key))
      }
      return nil
    }
    let locations = (crl.items ?? [crl]).compactMap(\.text)
    guard !locations.isEmpty else {
      throw DeclarationError("crl names nothing", advice: "leave it out, or name a file or a URL", at: crl.place)
    }
    self.init(
      locations: locations.map { $0.contains("://") ? $0 : folder.resolved($0) },
      staleAfter: declared.duration("staleAfter"),
      whenStale: declared.text("whenStale").flatMap { WhenStale(rawValue: $0) } ?? .closed)
  }
}

extension TLSSettings {
  /// - Parameter protocols: what ALPN names where the file doesn't say it.
  init(_ declared: Declaration?, protocols: [String] = []) throws(DeclarationError) {
    self.init(alpn: protocols)
    guard let declared else { return }
    min = declared.text("min").flatMap { TLSVersion(rawValue: $0) } ?? min
    max = declared.text("max").flatMap { TLSVersion(rawValue: $0) } ?? max
    guard min <= max else {
      throw DeclarationError(
        "max \(max.rawValue) is below min \(min.rawValue)", advice: "say min: \"\(max.rawValue)\", or leave max out",
        at: declared.place(of: "max"))
    }
    if let names = try Self.distinct("ciphers", in: declared) {
      guard min == .tls12 else {
        throw DeclarationError(
          "ciphers are for TLS 1.2, and min is \(min.rawValue)", advice: "leave them out, or say min: \"1.2\"",
          at: declared.place(of: "ciphers"))
      }
      ciphers = names.compactMap { TLSCipherSuite(rawValue: $0) }
    }
    if let names = try Self.distinct("groups", in: declared) { groups = names.compactMap { TLSGroup(rawValue: $0) } }
    if let names = try Self.distinct("alpn", in: declared) { alpn = names }
  }

  /// The words of a list, none of them twice; nil where there is no list.
  private static func distinct(_ key: String, in declared: Declaration) throws(DeclarationError) -> [String]? {
    guard declared.tree[key] != nil else { return nil }
    var words: [String] = []
    for (word, place) in declared.texts(key) {
      guard !words.contains(word) else {
        throw DeclarationError("\"\(word)\" stands twice", advice: "leave the second one out", at: place)
      }
      words.append(word)
    }
    guard !words.isEmpty else {
      throw DeclarationError(
        "\(key) names nothing", advice: "leave it out for the defaults", at: declared.place(of: key))
    }
    return words
  }
}
