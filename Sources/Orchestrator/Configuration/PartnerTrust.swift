import Credentials
import Formats
import SwiftASN1
import X509

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
