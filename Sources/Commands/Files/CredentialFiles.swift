import Credentials
import Formats
import SwiftASN1
import TLSRuntime
import X509

/// Certificates in files: PEM with any number of them, or DER with one.
enum CertificateFile {
  /// - Throws: ``FileFailure``, ``FormatError``; a ``CommandError`` for a certificate that we can't use.
  static func read(_ path: String) throws -> [Certificate] {
    try parse(try InputFile.read(path), path: path)
  }

  static func parse(_ bytes: [UInt8], path: String) throws -> [Certificate] {
    try der(bytes, path: path).map { try usable($0, path: path) }
  }

  /// Decodes a certificate, with an error that names the file.
  static func usable(_ der: [UInt8], path: String) throws -> Certificate {
    do {
      return try Certificate(derEncoded: der)
    } catch {
      throw CommandError.usage(
        "\(path) holds a certificate that can't be used: \(asn1Reason(error))",
        hint: "`countersign inspect \(path)` says what it is")
    }
  }

  /// The DER of each certificate in a file, undecoded.
  static func der(_ bytes: [UInt8], path: String) throws -> [[UInt8]] {
    guard PEM.isLikely(bytes) else {
      guard bytes.first == 0x30 else {
        throw CommandError.usage("\(path) holds no certificate", hint: "`countersign inspect \(path)` says what it is")
      }
      return [bytes]
    }
    let blocks: [PEM.Block]
    do {
      blocks = try PEM.parse(bytes)
    } catch {
      throw CommandError.usage("\(path): \(error.message)", hint: error.hint)
    }
    let certificates = blocks.filter(PEM.isCertificate).map(\.der)
    guard !certificates.isEmpty else {
      throw CommandError.usage(
        "\(path) holds no certificate, but \(blocks.map(\.label).joined(separator: ", "))",
        hint: "name a file that begins with -----BEGIN CERTIFICATE-----")
    }
    return certificates
  }

  static func pem(_ certificates: [Certificate]) throws -> [UInt8] {
    Array(try certificates.map { try PEM.encode($0) }.joined().utf8)
  }
}

/// Private keys in files.
enum KeyFile {
  /// Reads a key and asks for the passphrase only where the key is encrypted.
  /// - Throws: ``FileFailure``, ``FormatError``.
  static func read(_ path: String, passphrase: () throws -> String) throws -> Certificate.PrivateKey {
    try decode(try InputFile.read(path, limit: 1 << 20), path: path, passphrase: passphrase)
  }

  static func decode(
    _ bytes: [UInt8], path: String, passphrase: () throws -> String
  ) throws -> Certificate.PrivateKey {
    let legacy = NIOSSLLegacyDecryption()
    do throws(FormatError) {
      return try KeyCoding.decode(bytes, passphrase: nil, legacy: legacy)
    } catch {
      guard case .passphraseNeeded = error else { throw unreadable(path, error) }
    }
    let secret = try passphrase()
    do throws(FormatError) {
      return try KeyCoding.decode(bytes, passphrase: secret, legacy: legacy)
    } catch {
      throw unreadable(path, error)
    }
  }

  private static func unreadable(_ path: String, _ error: FormatError) -> CommandError {
    .usage("\(path): \(error.message)", hint: error.hint)
  }

  /// A key's PEM: PKCS#8, encrypted where there is a passphrase.
  static func pem(_ key: Certificate.PrivateKey, passphrase: String?) throws -> [UInt8] {
    guard let passphrase else { return Array(try KeyCoding.pem(key).utf8) }
    var random = SystemRandomNumberGenerator()
    let parameters = EncryptedPKCS8.Parameters(using: &random)
    return Array(try KeyCoding.encryptedPEM(key, passphrase: passphrase, parameters: parameters).utf8)
  }
}

/// Certificate signing requests in files.
enum RequestFile {
  static func read(_ path: String) throws -> (der: [UInt8], request: CertificateRequest) {
    let bytes = try InputFile.read(path, limit: 1 << 20)
    guard PEM.isLikely(bytes) else { return (bytes, try decode(bytes)) }
    let blocks: [PEM.Block]
    do { blocks = try PEM.parse(bytes) } catch { throw RequestError.undecodable("\(path): \(error.message)") }
    // openssl once wrote NEW CERTIFICATE REQUEST, and Java's keytool still does.
    guard let block = blocks.first(where: { $0.label.hasSuffix("CERTIFICATE REQUEST") }) else {
      throw RequestError.undecodable("\(path) holds \(blocks.map(\.label).joined(separator: ", "))")
    }
    return (block.der, try decode(block.der))
  }

  private static func decode(_ der: [UInt8]) throws -> CertificateRequest {
    do {
      return try CertificateRequest(der: der)
    } catch {
      throw unusableKey(ofRequest: der) ?? error
    }
  }
}
