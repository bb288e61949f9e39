import Credentials
import Formats
import SwiftASN1
import X509

/// The file of agents' passwords: a line `name:hash` each; empty lines and those that begin with # count for nothing.
enum PasswordFile {
  private static let limit = 100_000

  /// Errors name the line and never what stands in it.
  static func parse(_ bytes: [UInt8], path: String) throws(DeclarationError) -> [String: String] {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DeclarationError("it is not UTF-8", advice: advice, path: path)
    }
    var hashes: [String: String] = [:]
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      if line.isEmpty || line.hasPrefix("#") { continue }
      let place = YAMLTree.Place(line: index + 1, column: 1)
      // A name may hold colons, as a URI does; a hash never does.
      guard let colon = line.lastIndex(of: ":"), colon > line.startIndex else {
        throw DeclarationError("this line has no name and hash", advice: advice, path: path, at: place)
      }
      let name = String(line[..<colon])
      let hash = String(line[line.index(after: colon)...])
      guard isScrypt(hash) else {
        throw DeclarationError(
          "what follows the name is no hash of scrypt", advice: advice, path: path,
          at: .init(line: index + 1, column: name.count + 2))
      }
      guard hashes.updateValue(hash, forKey: name) == nil else {
        throw DeclarationError("a second password for the same name", advice: "keep one", path: path, at: place)
      }
      guard hashes.count <= limit else {
        throw DeclarationError("it holds more than \(limit) passwords", path: path, at: place)
      }
    }
    return hashes
  }

  private static let advice = "each line is name:$scrypt$ln=15,r=8,p=1$SALT$HASH"

  /// The shape alone: what the numbers may be is for whoever checks passwords.
  private static func isScrypt(_ hash: String) -> Bool {
    let parts = hash.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", hash.utf8.count <= 512 else { return false }
    let numbers = parts[2].split(separator: ",").map { $0.split(separator: "=", omittingEmptySubsequences: false) }
    return numbers.map(\.first) == ["ln", "r", "p"] && numbers.allSatisfy { $0.count == 2 && Int($0[1]) != nil }
      && parts[3...].allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isBase64) }
  }

  private static func isBase64(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
      true
    default: false
    }
  }
}

/// The file of a partner's CA certificates.
enum PartnerTrust {
  static func parse(_ bytes: [UInt8], path: String) throws(DeclarationError) -> [Certificate] {
    let blocks: [PEM.Block]
    do {
      blocks = try PEM.parse(bytes)
    } catch {
      throw DeclarationError(error.message, advice: error.hint ?? advice(path), path: path)
    }
    var certificates: [Certificate] = []
    for block in blocks where PEM.isCertificate(block) {
      let place = YAMLTree.Place(line: block.line, column: 1)
      guard let certificate = try? Certificate(derEncoded: block.der) else {
        throw DeclarationError("this certificate can't be used", advice: advice(path), path: path, at: place)
      }
      guard case .isCertificateAuthority? = try? certificate.extensions.basicConstraints else {
        throw DeclarationError(
          "this certificate is no authority's: it can't vouch for a partner's nodes",
          advice: "name the partner's CA certificate", path: path, at: place)
      }
      certificates.append(certificate)
    }
    guard !certificates.isEmpty else {
      throw DeclarationError("it holds no certificate", advice: advice(path), path: path)
    }
    return certificates
  }

  private static func advice(_ path: String) -> String { "`countersign inspect \(path)` says what it is" }
}
