package import Credentials
package import Foundation
import X509

/// The revocation lists that a trust goes by, and what holds once they are old.
package struct Revocations: Sendable {
  package var lists: [CertificateRevocationList]
  package var whenStale: RevocationSource.WhenStale
  /// The first moment at which one of the lists is too old: past its nextUpdate, or older than staleAfter allows.
  package let staleSince: Date

  package init(lists: [CertificateRevocationList], staleAfter: Duration?, whenStale: RevocationSource.WhenStale) {
    self.lists = lists
    self.whenStale = whenStale
    // Of one issuer's lists the freshest counts; of several issuers the one that is worst off.
    var ends: [String: Date] = [:]
    for list in lists {
      let age = staleAfter.map { list.thisUpdate.addingTimeInterval(TimeInterval($0.components.seconds)) }
      let end = min(list.nextUpdate ?? .distantFuture, age ?? .distantFuture)
      let issuer = list.issuer.description
      ends[issuer] = max(end, ends[issuer] ?? .distantPast)
    }
    staleSince = ends.values.min() ?? .distantPast
  }

  func refusesAll(at now: Date) -> Bool { whenStale == .closed && now > staleSince }

  /// When verdicts that were made with these lists have to be made anew.
  var closes: Date? { whenStale == .closed ? staleSince : nil }
}
