import Credentials
import Formats

/// CRLs in a file: PEM with any number of them, or DER with one.
enum RevocationListFile {
  /// - Parameters:
  ///   - place: the key of router.yaml that names it.
  ///   - path: its path, or the URL that it came from.
  static func parse(
    _ bytes: [UInt8], at place: String? = nil, path: String
  ) throws(RouterSetupError) -> [CertificateRevocationList] {
    let hint = "`countersign inspect \(path)` says what it is"
    var found: [[UInt8]] = [bytes]
    if PEM.isLikely(bytes) {
      do throws(FormatError) {
        found = try PEM.parse(bytes).filter { $0.label == "X509 CRL" }.map(\.der)
      } catch {
        throw RouterSetupError(error, at: place, file: path)
      }
    }
    guard !found.isEmpty else { throw RouterSetupError(at: place, file: path, "it holds no CRL", hint: hint) }
    var lists: [CertificateRevocationList] = []
    for der in found {
      do throws(RevocationError) {
        lists.append(try CertificateRevocationList(der: der))
      } catch {
        throw RouterSetupError(at: place, file: path, error.message, hint: hint)
      }
    }
    return lists
  }
}
