package import Credentials
package import Foundation
import Synchronization
import X509

/// What a peer's chain has to hold against: authorities, revocation lists, and for a server its name. Immutable: when a
/// file changes, another one takes its place, and everything that was judged by this one is judged again.
package final class PeerTrust: Sendable {
  package let anchors: [CertificateInput]
  package let purpose: Purpose
  /// The name that a server has to prove.
  package let name: ReferenceName?
  package let revocation: Revocations?
  /// No two are alike: verdicts are remembered under it.
  let id: UInt64

  private static let latest = Atomic<UInt64>(0)

  package init(
    anchors: [CertificateInput], purpose: Purpose, name: ReferenceName? = nil, revocation: Revocations? = nil
  ) {
    self.anchors = anchors
    self.purpose = purpose
    self.name = name
    self.revocation = revocation
    id = Self.latest.add(1, ordering: .relaxed).newValue
    checkLists()
  }

  /// A long list takes milliseconds to check. Here nobody waits for it, as a worker's connections would: what is found
  /// out now is remembered by the list, for all of them.
  private func checkLists() {
    guard let lists = revocation?.lists, !lists.isEmpty else { return }
    let authorities = anchors.compactMap(\.certificate).map { (name: NormalizedName($0.subject), key: $0.publicKey) }
    for list in lists {
      let issuer = NormalizedName(list.issuer)
      for authority in authorities where authority.name == issuer { _ = list.isSigned(by: authority.key) }
    }
  }

  /// Verifies what a peer sent (RFC 5280 §6, RFC 9525).
  ///
  /// - Parameter chain: DER, the leaf first.
  package func judge(_ chain: [[UInt8]], at now: Date) -> PeerVerdict {
    guard let first = chain.first else {
      return PeerVerdict(chain: chain, peer: nil, refusal: PeerRefusal(.noCertificate), until: .distantFuture)
    }
    let leaf = CertificateInput(der: first)
    let peer = leaf.certificate.map { PeerIdentity($0, der: first) }
    if let revocation, revocation.refusesAll(at: now) {
      let refusal = PeerRefusal(.revocationStale(since: revocation.staleSince))
      return PeerVerdict(chain: chain, peer: peer, refusal: refusal, until: now.addingTimeInterval(Self.briefly))
    }
    var request = PathRequest(
      leaf: leaf, intermediates: chain.dropFirst().map(CertificateInput.init(der:)), trust: anchors, at: now,
      purpose: purpose, name: name)
    request.revocationLists = revocation?.lists ?? []
    request.acceptsExpiredLists = revocation?.whenStale == .open
    request.limits = .handshake
    switch verify(request) {
    case .accepted(let path):
      let end = path.map(\.notValidAfter).min() ?? now
      return PeerVerdict(chain: chain, peer: peer, refusal: nil, until: min(end, revocation?.closes ?? end), end: end)
    case .rejected(let rejection):
      // Only what is told of it is kept: decoded certificates and the other paths' reasons are many times the chain.
      let told = Rejection(rejection.first, subject: rejection.subject)
      // Some reasons pass with time: a certificate that isn't valid yet.
      return PeerVerdict(
        chain: chain, peer: peer, refusal: PeerRefusal(.chain(told)), until: now.addingTimeInterval(Self.briefly))
    }
  }

  /// What it trusts, for people.
  var subjects: [String] { anchors.compactMap { $0.certificate?.subject.description } }

  /// How long a refusal holds.
  static let briefly: TimeInterval = 10
}

extension SearchLimits {
  /// What a chain may cost a worker, whose other connections wait meanwhile, and whose peer has proven nothing yet.
  ///
  /// A fleet's path has one to three intermediates. During a change of roots each of them may be there twice, by the
  /// old root and by the new, and be tried against both: that makes ten signatures, and twenty candidates.
  static let handshake: SearchLimits = {
    var limits = SearchLimits()
    limits.depth = 6
    limits.signatureChecks = 16
    limits.steps = 64
    limits.nameComparisons = 50_000
    return limits
  }()
}

/// What was found out about a chain, once for all connections that present it.
package final class PeerVerdict: Sendable {
  /// DER, the leaf first: kept so that it can be judged again by other trust.
  let chain: [[UInt8]]
  /// Nil where the leaf couldn't be read.
  package let peer: PeerIdentity?
  package let refusal: PeerRefusal?
  /// From then on it has to be found out anew.
  let until: Date
  /// When the first certificate of the path ends, and with it every connection that was let in by it.
  let end: Date

  init(chain: [[UInt8]], peer: PeerIdentity?, refusal: PeerRefusal?, until: Date, end: Date = .distantFuture) {
    self.chain = chain
    self.peer = peer
    self.refusal = refusal
    self.until = until
    self.end = end
  }
}

/// Why a peer's certificate isn't let pass.
package struct PeerRefusal: Error, Hashable, Sendable {
  package enum Cause: Hashable, Sendable {
    case noCertificate
    case chain(Rejection)
    /// The revocation lists are too old to go by.
    case revocationStale(since: Date)
    /// A rule denied it.
    case denied(rule: String)
    /// No rule allowed it.
    case unmatched
  }

  package let cause: Cause

  package init(_ cause: Cause) { self.cause = cause }

  /// The word for it in logs and metrics.
  package var code: String {
    switch cause {
    case .noCertificate: "no-certificate"
    case .chain(let rejection): rejection.first.code
    case .revocationStale: "revocation-stale"
    case .denied: "denied"
    case .unmatched: "no-rule"
    }
  }

  package var message: String {
    switch cause {
    case .noCertificate: "the peer has no certificate"
    case .chain(let rejection): rejection.message
    case .revocationStale(let since): "the revocation lists are stale since \(since.formatted(.iso8601))"
    case .denied(let rule): "\(rule) denies it"
    case .unmatched: "no rule allows it"
    }
  }

  package var hint: String? {
    switch cause {
    case .noCertificate: "give the client a certificate and its key"
    case .chain(let rejection): rejection.hint
    case .revocationStale: "bring newer lists, or say whenStale: open to go on with the old ones"
    case .denied, .unmatched: "change the rules, or use another certificate"
    }
  }

  /// Whether it was the rules' decision.
  var isByRule: Bool {
    switch cause {
    case .denied, .unmatched: true
    case .noCertificate, .chain, .revocationStale: false
    }
  }

  /// The rule that denied it.
  var rule: String? { if case .denied(let rule) = cause { rule } else { nil } }

  /// The alert that tells the peer (RFC 8446 §6.2).
  var alert: UInt8 {
    switch cause {
    case .noCertificate: 116
    case .revocationStale: 46
    case .denied, .unmatched: 49
    case .chain(let rejection):
      switch rejection.first {
      case .expired, .notYetValid: 45
      case .revoked: 44
      case .unknownIssuer, .untrustedSelfSigned: 48
      case .revocationUnknown, .revocationListUnusable: 46
      case .unsupportedAlgorithm, .weakKey, .weakAlgorithm, .extendedKeyUsage, .keyUsage: 43
      default: 42
      }
    }
  }
}

extension PeerIdentity {
  /// What logs, limits and metrics know it by: the most telling of its names.
  package var label: String { uris.first ?? commonNames.first ?? dnsNames.first ?? addresses.first ?? fingerprint }
}
