/// What a file that is none of ours looks like, in words that follow "this looks like".
enum Appearance {
  static func describe(_ bytes: [UInt8]) -> String? {
    if let binary = magic.first(where: { bytes.starts(with: $0.bytes) }) { return binary.name }
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    let start = String(text.drop(while: \.isWhitespace).prefix(400)).lowercased()
    if let known = openings.first(where: { start.hasPrefix($0.text) }) { return known.name }
    if isBase64(text) { return "base64 without its BEGIN and END lines" }
    if start.contains("certificate:") && start.contains("version:") {
      return "the text that `openssl x509 -text` prints, without the certificate itself"
    }
    return nil
  }

  static func isText(_ bytes: [UInt8]) -> Bool {
    !bytes.prefix(4096).contains { $0 < 0x09 || (0x0E..<0x20).contains($0) && $0 != 0x1B }
  }

  private static let magic: [(bytes: [UInt8], name: String)] = [
    ([0x1F, 0x8B], "a gzip archive"), ([0x50, 0x4B, 0x03, 0x04], "a zip archive"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program"), ([0x25, 0x50, 0x44, 0x46], "a PDF document"),
    ([0x89, 0x50, 0x4E, 0x47], "an image"), ([0x53, 0x51, 0x4C, 0x69, 0x74, 0x65], "an SQLite database"),
    ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "an xz archive"), ([0x28, 0xB5, 0x2F, 0xFD], "a zstd archive"),
  ]

  private static let openings: [(text: String, name: String)] = [
    ("<!doctype html", "a web page: a download answered with an error page or a login form"),
    ("<html", "a web page: a download answered with an error page or a login form"),
    ("<?xml", "an XML document"), ("ssh-", "an OpenSSH public key"), ("ecdsa-sha2-", "an OpenSSH public key"),
    ("{", "a JSON document"), ("-----begin pgp", "an OpenPGP message"), ("---- begin ssh2", "an SSH2 public key"),
    ("age-encryption.org", "a file encrypted by age"),
  ]

  private static func isBase64(_ text: String) -> Bool {
    let body = text.utf8.filter { $0 != 0x0A && $0 != 0x0D && $0 != 0x20 }
    guard body.count >= 64 else { return false }
    return body.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2F, 0x3D: true
      default: false
      }
    }
  }
}

/// What a file's name, or the key it lies under, promises.
enum NamePromise {
  /// `ca.crt`, `cybus_ca.crt`, `ca-chain.pem`, `caChain`, `backend-truststore.jks`: certificates to trust.
  static func isTrustBundle(_ name: String) -> Bool {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    return !words(of: base).isDisjoint(with: [
      "ca", "cas", "cacert", "cacerts", "trust", "trusted", "truststore", "roots", "root", "rootca",
    ])
  }

  /// `ca.crt`, `tls.ca`, `caCert`: one authority, and not a set or a chain of them.
  static func isOneAuthority(_ name: String) -> Bool {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    return words(of: base).subtracting(["", "data", "tls", "crt", "cer", "cert", "pem"]) == ["ca"]
  }

  /// The name without folder and ending: `node.key` and `node.crt` belong together.
  static func stem(_ name: String) -> String {
    let base = name.split(separator: "/").last.map(String.init) ?? name
    return base.lastIndex(of: ".").map { String(base[..<$0]) } ?? base
  }

  static func ending(_ name: String) -> String {
    name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
  }

  private static func words(of name: String) -> Set<String> {
    var words: [String] = [""]
    var wasLower = false
    for character in name {
      if !character.isLetter {
        words.append("")
      } else {
        if character.isUppercase && wasLower { words.append("") }
        words[words.count - 1] += character.lowercased()
      }
      wasLower = character.isLowercase
    }
    return Set(words)
  }
}
