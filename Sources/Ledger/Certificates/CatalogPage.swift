package import Credentials
package import Foundation

/// Which certificates to list, soonest expiry first.
package struct CatalogQuery: Sendable, Hashable {
  package var states: Set<CertificateState>
  /// Only certificates whose notAfter lies before this.
  package var expiringBefore: Date?
  /// Only certificates whose notAfter is this or later.
  package var notExpiredAt: Date?
  package var commonName: String?
  /// Leave out certificates that a later one with the same subject, names and profile has replaced.
  package var excludesSuperseded: Bool
  /// Go on after this place.
  package var after: CatalogCursor?
  /// At most 1,000.
  package var limit: Int

  package init(
    states: Set<CertificateState> = [.issued], expiringBefore: Date? = nil, notExpiredAt: Date? = nil,
    commonName: String? = nil, excludesSuperseded: Bool = false, after: CatalogCursor? = nil, limit: Int = 100
  ) {
    self.states = states
    self.expiringBefore = expiringBefore
    self.notExpiredAt = notExpiredAt
    self.commonName = commonName
    self.excludesSuperseded = excludesSuperseded
    self.after = after
    self.limit = limit
  }
}

/// A place in the list, to go on from.
package struct CatalogCursor: Sendable, Hashable {
  package var notAfter: Date
  package var row: Int64

  package init(notAfter: Date, row: Int64) {
    self.notAfter = notAfter
    self.row = row
  }
}

/// What a list shows of a certificate: no DER is loaded.
package struct CatalogEntry: Sendable, Hashable {
  package var serial: SerialNumber
  package var issuer: IssuerReference
  package var subject: String
  package var commonName: String?
  package var organization: String?
  package var names: [String]
  package var profile: String
  package var keyAlgorithm: String
  package var notBefore: Date
  package var notAfter: Date
  package var state: CertificateState
  /// It is one of the service's own, which the service renews.
  package var renewsItself: Bool

  package init(
    serial: SerialNumber, issuer: IssuerReference, subject: String, commonName: String?, organization: String?,
    names: [String], profile: String, keyAlgorithm: String, notBefore: Date, notAfter: Date, state: CertificateState,
    renewsItself: Bool = false
  ) {
    self.serial = serial
    self.issuer = issuer
    self.subject = subject
    self.commonName = commonName
    self.organization = organization
    self.names = names
    self.profile = profile
    self.keyAlgorithm = keyAlgorithm
    self.notBefore = notBefore
    self.notAfter = notAfter
    self.state = state
    self.renewsItself = renewsItself
  }
}

package struct CatalogPage: Sendable, Hashable {
  package var entries: [CatalogEntry]
  /// Nil when this was the last page.
  package var next: CatalogCursor?

  package init(entries: [CatalogEntry], next: CatalogCursor?) {
    self.entries = entries
    self.next = next
  }
}

/// The two thresholds of `status`, as times: what expires before them is a warning, or critical.
package struct ExpiryThresholds: Sendable, Hashable {
  package var now: Date
  package var warning: Date
  package var critical: Date

  package init(now: Date, warning: Date, critical: Date) {
    self.now = now
    self.warning = warning
    self.critical = critical
  }
}

/// How many certificates are in which condition. Each certificate is counted once.
package struct CatalogSummary: Sendable, Hashable {
  /// Reserved and never issued.
  package var neverIssued = 0
  package var revoked = 0
  /// Issued, past their notAfter, not replaced.
  package var expired = 0
  /// Issued, expiring before the critical time, not replaced.
  package var critical = 0
  /// Issued, expiring before the warning time, not replaced.
  package var warning = 0
  /// Issued, and replaced by one of the same subject, names and profile that was issued later.
  package var superseded = 0
  /// Issued, in use, and nothing to do.
  package var good = 0
  /// The soonest expiry among the critical, warning and good.
  package var nextExpiry: Date?

  package init() {}

  package var total: Int { neverIssued + revoked + expired + critical + warning + superseded + good }
}
