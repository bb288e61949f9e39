import Credentials
import Foundation
import SwiftASN1
package import X509

/// The key pair that every copy of the distribution brings: whoever downloads it has the key.
package enum ShippedKeystore {
  static let names: Set<SubjectName> = Set(
    ["adapter", "enforcer", "router", "localhost"].compactMap { SubjectName(host: $0) })
  /// 2031-01-29, at whatever hour.
  static let lastDay = Date(timeIntervalSince1970: 1_927_411_200)..<Date(timeIntervalSince1970: 1_927_497_600)

  /// Recognises the certificate by its subject, its names and the day of its end. A certificate of one's own for the
  /// same names ends on another day.
  package static func isPublic(_ certificate: Certificate) -> Bool {
    certificate.subject.commonName == "localhost" && Set(certificate.subjectNames) == names
      && lastDay.contains(certificate.notValidAfter)
  }

  package static func isPublic(der: [UInt8]) -> Bool {
    (try? Certificate(derEncoded: der)).map(isPublic) ?? false
  }

  static let problem = Problem(
    "public-router-key", what: "this is the key pair that the distribution ships",
    why: "its private key is public, and a backend that trusts it lets anybody in",
    fix: "replace mg.pem and mg.key for router, adapter and enforcer, and mg.pem in every trust store: "
      + "`countersign apply` makes them all")
}
