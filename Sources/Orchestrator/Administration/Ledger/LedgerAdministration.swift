package import Credentials
package import Enrolment
package import Foundation
package import Ledger
package import X509

/// Administration at the ledger itself: what the routes of the service and the commands of the desk both do.
package struct LedgerAdministration: Administration {
  /// What the ledger doesn't know.
  package struct Setting: Sendable {
    /// A signing certificate and those above it, without the root.
    package struct Issuer: Sendable {
      package var number: Int
      package var certificate: Certificate
      package var chain: [Certificate]

      package init(number: Int, certificate: Certificate, chain: [Certificate]) {
        self.number = number
        self.certificate = certificate
        self.chain = chain
      }
    }

    /// Lowest number first; the last one signs.
    package var issuers: [Issuer]
    package var roots: [Certificate]
    package var policy: IssuancePolicy
    /// Who is let in at all; nil at the desk.
    package var admission: AdmissionRules?
    package var profile: Profile
    package var lifetime: Duration
    /// Where nodes reach the orchestrator; nil for where it was last seen.
    package var url: String?

    package init(
      issuers: [Issuer], roots: [Certificate], policy: IssuancePolicy, admission: AdmissionRules? = nil,
      profile: Profile, lifetime: Duration, url: String? = nil
    ) {
      self.issuers = issuers
      self.roots = roots
      self.policy = policy
      self.admission = admission
      self.profile = profile
      self.lifetime = lifetime
      self.url = url
    }
  }

  package let ledger: any LiveLedger
  package let setting: Setting
  /// Whom events name.
  package let actor: String
  package let clock: @Sendable () -> Date

  package init(
    ledger: any LiveLedger, setting: Setting, actor: String, clock: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.ledger = ledger
    self.setting = setting
    self.actor = actor
    self.clock = clock
  }

  func newSecret() -> TokenSecret {
    var generator = SystemRandomNumberGenerator()
    return TokenSecret(using: &generator)
  }

  func rootHash() throws -> [UInt8] {
    guard let root = setting.roots.last else { throw AdministrationError.noSuch("a root of this authority") }
    return try Fingerprint(root).bytes
  }

  func serviceURL() async throws -> String {
    if let url = setting.url {
      if let reason = JoinString.defect(ofURL: url) { throw AdministrationError.invalid(field: "url", reason: reason) }
      return url
    }
    guard let service = try await ledger.services().first else { throw AdministrationError.noAddress }
    return service.url
  }

  /// A wish for a lifetime, within what is sensible.
  static func lifetime(_ seconds: Int?, default: Int, field: String = "lifetimeSeconds") throws -> TimeInterval {
    let seconds = seconds ?? `default`
    guard (60...366 * 86_400).contains(seconds) else {
      throw AdministrationError.invalid(field: field, reason: "it must be from a minute to 366 days")
    }
    return TimeInterval(seconds)
  }

  /// A name that an event or a certificate can hold.
  static func check(_ text: String?, field: String) throws {
    guard let text else { return }
    guard (1...64).contains(text.unicodeScalars.count) else {
      throw AdministrationError.invalid(field: field, reason: "it must have 1 to 64 characters")
    }
    guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      throw AdministrationError.invalid(field: field, reason: "it holds a control character")
    }
  }
}
