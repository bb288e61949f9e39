package import Credentials

/// How a live request came to be trusted, as it is written down with the certificate.
package struct Admission: Sendable, Hashable {
  package var kind: AdmissionKind
  /// The rule of the configuration that let it in, and the rule of the policy that allowed its names.
  package var rule: String
  /// What is used up by this certificate.
  package var claim: Claim?
  /// The address that asked.
  package var source: String?

  package init(kind: AdmissionKind, rule: String, claim: Claim? = nil, source: String? = nil) {
    self.kind = kind
    self.rule = rule
    self.claim = claim
    self.source = source
  }

  /// What a certificate uses up. The ledger checks it and takes it in the transaction that reserves the serial, so that
  /// of fifty who try at once exactly as many win as may.
  package enum Claim: Sendable, Hashable {
    /// One use of an invitation that is not withdrawn and not expired.
    case invitation(id: String)
    /// The password of an agent that never had a certificate: its first one ends it.
    case password(name: String)
    /// A waiting request that an operator approved.
    case approval(id: String)
    /// The place of a certificate that is not revoked. With `isLatest` it must be its node's newest one.
    case renewal(of: SerialNumber, issuer: IssuerReference, isLatest: Bool)
  }
}

extension Admission.Claim {
  /// As the record keeps it: a word for the kind, and what is used up.
  package var text: String {
    switch self {
    case .invitation(let id): "invitation \(id)"
    case .password(let name): "password \(name)"
    case .approval(let id): "approval \(id)"
    case .renewal(let serial, let issuer, let isLatest):
      "\(isLatest ? "latest" : "renewal") \(serial.hex) \(issuer.keyID.hexadecimal) \(issuer.ordinal)"
    }
  }

  /// Reads ``text`` back; nil for anything else.
  package init?(text: String) {
    guard let space = text.firstIndex(of: " ") else { return nil }
    let rest = String(text[text.index(after: space)...])
    switch text[..<space] {
    case "invitation": self = .invitation(id: rest)
    case "password": self = .password(name: rest)
    case "approval": self = .approval(id: rest)
    case "renewal", "latest":
      let words = rest.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 3, let serial = try? SerialNumber.parse(String(words[0])),
        let keyID = Hexadecimal.decode(words[1]), let ordinal = Int(words[2])
      else { return nil }
      let issuer = IssuerReference(keyID: keyID, ordinal: ordinal)
      self = .renewal(of: serial, issuer: issuer, isLatest: text[..<space] == "latest")
    default: return nil
    }
    guard self.text == text else { return nil }
  }
}
