import Credentials
package import Ledger

extension API {
  package struct Issuer: Codable, Sendable, Hashable {
    package var number: Int
    package var signs: Bool
    package var subject: String
    package var issuer: String
    package var serial: String
    package var sha256: String
    package var key: String
    package var notBefore: String
    package var notAfter: String
  }

  package struct Authority: Codable, Sendable, Hashable {
    package var issuers: [Issuer]
    /// SHA-256 of the root's DER: what join strings name.
    package var rootHash: String
    /// What nodes trust: the roots, PEM.
    package var roots: String
  }

  /// How many certificates are in which condition; each is counted once.
  package struct Counts: Codable, Sendable, Hashable {
    package var good: Int
    package var warning: Int
    package var critical: Int
    package var expired: Int
    package var revoked: Int
    package var superseded: Int
    package var neverIssued: Int
  }

  package struct Service: Codable, Sendable, Hashable {
    package var url: String
    package var startedAt: String
  }

  package struct Status: Codable, Sendable, Hashable {
    package var time: String
    package var certificates: Counts
    package var nextExpiry: String?
    package var waitingRequests: Int
    package var issuers: [Issuer]
    package var services: [Service]
  }

  /// The lists that were signed anew.
  package struct PublishedLists: Codable, Sendable, Hashable {
    package struct List: Codable, Sendable, Hashable {
      package var issuer: Int
      package var number: Int64
      package var nextUpdate: String

      package init(issuer: Int, number: Int64, nextUpdate: String) {
        self.issuer = issuer
        self.number = number
        self.nextUpdate = nextUpdate
      }
    }

    package var lists: [List]

    package init(lists: [List]) { self.lists = lists }
  }

  package struct PolicyQuestion: APIInput, Hashable {
    /// The request, PEM.
    package var request: String
    package var admission: String?
    package var profile: String?
    package var lifetimeSeconds: Int?

    package init(
      request: String, admission: String? = nil, profile: String? = nil, lifetimeSeconds: Int? = nil
    ) {
      self.request = request
      self.admission = admission
      self.profile = profile
      self.lifetimeSeconds = lifetimeSeconds
    }

    package static let fields: Set = ["request", "admission", "profile", "lifetimeSeconds"]
  }

  /// A request that an operator wants signed.
  package struct SigningWish: APIInput, Hashable {
    /// The request, PEM.
    package var request: String
    package var profile: String?
    package var lifetimeSeconds: Int?

    package init(request: String, profile: String? = nil, lifetimeSeconds: Int? = nil) {
      self.request = request
      self.profile = profile
      self.lifetimeSeconds = lifetimeSeconds
    }

    package static let fields: Set = ["request", "profile", "lifetimeSeconds"]
  }

  package struct PolicyAnswer: Codable, Sendable, Hashable {
    package struct Grant: Codable, Sendable, Hashable {
      package var subject: String
      package var names: [String]
      package var profile: String
      package var lifetimeSeconds: Int
      package var key: String
      /// What the request asked for and no certificate would carry.
      package var left: [String]
    }

    package var allowed: Bool
    package var rule: String
    package var reason: String?
    package var grant: Grant
  }
}

extension API.Counts {
  package init(_ summary: CatalogSummary) {
    good = summary.good
    warning = summary.warning
    critical = summary.critical
    expired = summary.expired
    revoked = summary.revoked
    superseded = summary.superseded
    neverIssued = summary.neverIssued
  }
}
