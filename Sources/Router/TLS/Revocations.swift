package import Credentials
package import Foundation
import X509

/// The revocation lists that a trust goes by, and what holds once they are old.
package struct Revocations: Sendable {
  package var lists: [CertificateRevocationList]
  package var whenStale: RevocationSource.WhenStale
  /// The first moment at which one of the lists is too old: past its nextUpdate, or older than staleAfter allows.
  package let staleSince: Date

  /// - Parameter wantedSince: when it began that there are none.
  package init(
    lists: [CertificateRevocationList], staleAfter: Duration?, whenStale: RevocationSource.WhenStale,
    wantedSince: Date = .distantPast
  ) {
    self.lists = lists
    self.whenStale = whenStale
    // Lists that speak for the same certificates follow each other, and the freshest of them counts; of the others the
    // one that is worst off. One that can't be used speaks for nobody, however fresh it is.
    let usable = lists.filter { $0.defect == nil }
    var ends: [Line: Date] = [:]
    for list in usable.isEmpty ? lists : usable {
      let age = staleAfter.map { list.thisUpdate.addingTimeInterval(TimeInterval($0.components.seconds)) }
      let end = min(list.nextUpdate ?? .distantFuture, age ?? .distantFuture)
      let line = Line(list)
      ends[line] = max(end, ends[line] ?? .distantPast)
    }
    staleSince = ends.values.min() ?? wantedSince
  }

  /// What the lists have in common that take each other's place: an issuer may have a list for each of its keys, and
  /// one for users beside one for authorities (RFC 5280 §5.2.1, §5.2.5).
  private struct Line: Hashable {
    var issuer: NormalizedName
    var key: [UInt8]?
    var scope: CertificateRevocationList.Scope

    init(_ list: CertificateRevocationList) {
      issuer = NormalizedName(list.issuer)
      key = list.authorityKeyIdentifier
      scope = list.scope
    }
  }

  /// Without any list nobody is known to be good, whatever the clock says.
  func refusesAll(at now: Date) -> Bool { whenStale == .closed && (lists.isEmpty || now > staleSince) }

  /// When verdicts that were made with these lists have to be made anew.
  var closes: Date? { whenStale == .closed ? staleSince : nil }
}
