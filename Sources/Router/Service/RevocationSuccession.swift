import Credentials
import Foundation
import X509

/// Whether lists may take the place of those that came before from the same URL. Nobody vouches for who answers there,
/// and lists that are older or fewer may lack who was revoked since.
enum RevocationSuccession {
  /// Those that take each other's place (RFC 5280 §5.2.5).
  private struct Line: Hashable {
    var issuer: NormalizedName
    var scope: CertificateRevocationList.Scope
  }

  /// - Returns: why they may not; nil where they may.
  static func objection(
    to newer: [CertificateRevocationList], after older: [CertificateRevocationList], at now: Date
  ) -> String? {
    let candidates = freshest(newer)
    // In an order that stays, so that the same cause is the same text.
    for (line, last) in freshest(older).sorted(by: { $0.value.der.lexicographicallyPrecedes($1.value.der) }) {
      // One that has ended speaks for nobody any more: an authority may have gone, or count from the beginning again.
      let isGood = now < (last.nextUpdate ?? .distantFuture)
      guard let next = candidates[line] else {
        guard isGood else { continue }
        return "there is no list of \(last.issuer) any more"
      }
      if next.thisUpdate < last.thisUpdate { return "the list of \(last.issuer) is older than the last one" }
      if isGood, hasLowerNumber(next, than: last) {
        return "the list of \(last.issuer) has a lower number than the last one"
      }
    }
    return nil
  }

  /// One that can't be used speaks for nobody.
  private static func freshest(_ lists: [CertificateRevocationList]) -> [Line: CertificateRevocationList] {
    let usable = lists.filter { $0.defect == nil }
    return Dictionary(
      usable.map { (Line(issuer: NormalizedName($0.issuer), scope: $0.scope), $0) },
      uniquingKeysWith: { $0.thisUpdate < $1.thisUpdate ? $1 : $0 })
  }

  /// Each key of an issuer counts for itself (RFC 5280 §5.2.3).
  private static func hasLowerNumber(_ next: CertificateRevocationList, than last: CertificateRevocationList) -> Bool {
    guard let number = next.number, let before = last.number,
      next.authorityKeyIdentifier == last.authorityKeyIdentifier
    else { return false }
    return number.count == before.count ? number.lexicographicallyPrecedes(before) : number.count < before.count
  }
}
