import X509

/// Who may get what. A request is allowed by the first rule that permits all of it.
package struct PolicyRule: Hashable, Sendable {
  /// How a refusal calls this rule.
  package var label: String
  /// Patterns for the common name and every alternative name; nil permits any.
  package var names: [NamePattern]?
  /// Organizations that the subject may name; nil permits any, and none.
  package var organizations: [String]?
  package var keys: [KeyKind]?
  package var profiles: [Profile]?
  /// The ways of admission that this rule serves; nil serves all.
  package var admissions: [AdmissionKind]?
  package var longest: Duration?

  package init(
    label: String, names: [NamePattern]? = nil, organizations: [String]? = nil, keys: [KeyKind]? = nil,
    profiles: [Profile]? = nil, admissions: [AdmissionKind]? = nil, longest: Duration? = nil
  ) {
    self.label = label
    self.names = names
    self.organizations = organizations
    self.keys = keys
    self.profiles = profiles
    self.admissions = admissions
    self.longest = longest
  }
}

/// How a request came to be trusted.
package enum AdmissionKind: String, CaseIterable, Hashable, Sendable {
  /// An operator at the authority's own files.
  case desk
  /// An operator over the administration interface.
  case `operator`
  case token
  case password
  case approval
  case partner
  case renewal
  /// The renewal of an expired certificate, proven with its key.
  case lateRenewal
  /// The orchestrator's own certificate.
  case service
}

/// A pattern for names: an address range for addresses, else text in which `*` stands for any run of characters.
package enum NamePattern: Hashable, Sendable {
  case range(IPRange)
  case text(String)

  package init(_ pattern: String) {
    if let range = IPRange(pattern) { self = .range(range) } else { self = .text(pattern) }
  }

  package func matches(_ name: String) -> Bool {
    switch self {
    case .range(let range):
      guard let address = IPAddress(name) else { return false }
      return range.contains(address)
    case .text(let pattern):
      return Self.glob(Array(pattern.lowercased().utf8), Array(name.lowercased().utf8))
    }
  }

  package var text: String {
    switch self {
    case .range(let range): range.text
    case .text(let pattern): pattern
    }
  }

  /// Wildcard matching in time proportional to pattern × text: only the last `*` is ever retried.
  private static func glob(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    let star = UInt8(ascii: "*")
    var p = 0
    var t = 0
    var retry: (p: Int, t: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == star {
        retry = (p + 1, t)
        p += 1
      } else if p < pattern.count, pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = retry {
        retry = (last.p, last.t + 1)
        (p, t) = (last.p, last.t + 1)
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == star }
  }
}
