import Crypto
package import Formats
import Foundation
import NIOSSL
import X509

/// 3DES, RC2 and RC4 through BoringSSL, which NIOSSL reads keys and PKCS#12 with.
package struct NIOSSLLegacyDecryption: LegacyDecryption {
  package init() {}

  package func decryptPrivateKey(pem: String, passphrase: String) throws(FormatError) -> [UInt8] {
    let passphrase = try Self.usable(passphrase)
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(bytes: Array(pem.utf8), format: .pem) { $0(passphrase) }
    } catch {
      throw .wrongPassphrase
    }
    do {
      return try key.derBytes
    } catch {
      throw .unsupported("this kind of key under an old encryption")
    }
  }

  package func decryptCertificates(contentInfo: [UInt8], password: String) throws(FormatError) -> [[UInt8]] {
    let password = try Self.usable(password)
    let companion = try Self.companion()
    let archive = try PKCS12.archive(
      around: contentInfo, key: companion.pkcs8, certificate: companion.certificate, password: password)
    do {
      let bundle = try NIOSSLPKCS12Bundle(buffer: archive, passphrase: password)
      return try bundle.certificateChain.map { try $0.toDERBytes() }.filter { $0 != companion.certificate }
    } catch {
      throw .wrongPassphrase
    }
  }

  /// NIOSSL traps on passphrases with bytes above 127, and C strings end at the first zero byte.
  private static func usable(_ passphrase: String) throws(FormatError) -> [UInt8] {
    let bytes = Array(passphrase.utf8)
    guard bytes.allSatisfy({ (1...127).contains($0) }), bytes.count < 1024 else {
      throw .unsupported("a passphrase beyond 1023 ASCII characters under an old encryption")
    }
    return bytes
  }

  /// A key and a certificate for it, to go with certificates that have none: NIOSSL's reader traps on a PKCS#12 file
  /// where no certificate belongs to the key.
  private static func companion() throws(FormatError) -> (pkcs8: [UInt8], certificate: [UInt8]) {
    do {
      let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
      let name = try DistinguishedName { CommonName("companion") }
      let certificate = try Certificate(
        version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: Date(timeIntervalSince1970: 0),
        notValidAfter: Date(timeIntervalSince1970: 1), issuer: name, subject: name,
        signatureAlgorithm: .ecdsaWithSHA256, extensions: .init(), issuerPrivateKey: key)
      return (try KeyCoding.pkcs8(key), try PEM.der(of: certificate))
    } catch {
      throw .unsupported("this old encryption")
    }
  }
}
