import SwiftASN1
import X509

/// The subtrees of RFC 5280 §4.2.1.10, form by form.
enum NameSubtree {
  /// A presented name in comparable form.
  enum Presented {
    case dns(String)
    case ip(ArraySlice<UInt8>)
    case uri(host: String)
    case email(Mailbox)
    case directory(NormalizedName)

    /// Nil for a form that we can't constrain, and for a name that is malformed: it can't be shown to be permitted.
    init?(_ name: GeneralName) {
      switch name {
      case .dnsName(let text):
        guard HostName.isValidPattern(text) else { return nil }
        self = .dns(text)
      case .ipAddress(let octets): self = .ip(octets.bytes)
      case .uniformResourceIdentifier(let text):
        // A URI without a host name can't be compared, and must be rejected then.
        guard let host = URIReference(text)?.host, HostName.isValid(host), IPAddress(host) == nil else { return nil }
        self = .uri(host: host)
      case .rfc822Name(let text):
        guard let mailbox = Mailbox(text) else { return nil }
        self = .email(mailbox)
      case .directoryName(let name): self = .directory(NormalizedName(name))
      default: return nil
      }
    }

    func isWithin(_ base: GeneralName) -> Bool {
      switch (self, base) {
      case (.dns(let name), .dnsName(let domain)):
        // `*.example.org` is within example.org, not within www.example.org.
        HostName.isWithin(name.hasPrefix("*.") ? name.dropFirst(2) : name[...], domain: bare(domain))
      case (.ip(let address), .ipAddress(let range)): contains(range.bytes, address)
      case (.uri(let host), .uniformResourceIdentifier(let domain)): hostMatches(host, domain)
      case (.email(let mailbox), .rfc822Name(let constraint)): mailboxMatches(mailbox, constraint)
      case (.directory(let name), .directoryName(let subtree)): name.isWithin(NormalizedName(subtree))
      default: false
      }
    }

    /// Whether some name that this one stands for is within the subtree: a wildcard stands for many.
    func touches(_ base: GeneralName) -> Bool {
      if isWithin(base) { return true }
      guard case .dns(let name) = self, case .dnsName(let domain) = base, name.hasPrefix("*.") else { return false }
      return HostName.matches(String(bare(domain)), pattern: name)
    }
  }

  static func isSupported(_ name: GeneralName) -> Bool {
    switch name {
    case .dnsName, .ipAddress, .uniformResourceIdentifier, .rfc822Name, .directoryName: true
    default: false
    }
  }

  /// What is wrong with a constraint's base, or nil.
  static func problem(of base: GeneralName) -> String? {
    switch base {
    case .dnsName(let text), .uniformResourceIdentifier(let text):
      let isDomain = text.isEmpty || HostName.isValid(bare(text))
      return isDomain ? nil : "\(text) is no domain"
    case .rfc822Name(let text):
      let isAddress = text.isEmpty || Mailbox(text) != nil || HostName.isValid(bare(text))
      return isAddress ? nil : "\(text) is neither mailbox nor host nor domain"
    case .ipAddress(let range): return isRange(range.bytes) ? nil : "an address range isn't address and mask"
    default: return nil
    }
  }

  /// RFC 5280 gives a DNS constraint no leading dot; where one is written, it is taken for the domain itself too.
  private static func bare(_ domain: String) -> Substring { domain.hasPrefix(".") ? domain.dropFirst() : domain[...] }

  /// An address and a mask of equal length, the mask being ones, then zeros (RFC 4632).
  private static func isRange(_ bytes: ArraySlice<UInt8>) -> Bool {
    guard bytes.count == 8 || bytes.count == 32 else { return false }
    var ended = false
    for byte in bytes.suffix(bytes.count / 2) {
      guard !ended || byte == 0, (~byte & (~byte &+ 1)) == 0 else { return false }
      if byte != 0xff { ended = true }
    }
    return true
  }

  private static func contains(_ range: ArraySlice<UInt8>, _ address: ArraySlice<UInt8>) -> Bool {
    guard range.count == address.count * 2 else { return false }
    let base = range.prefix(address.count)
    let mask = range.suffix(address.count)
    return zip(zip(base, mask), address).allSatisfy { pair, octet in pair.0 & pair.1 == octet & pair.1 }
  }

  /// A host alone means that host, `.domain` all hosts below the domain.
  private static func hostMatches(_ host: String, _ constraint: String) -> Bool {
    let constraint = constraint.lowercased()
    guard constraint.hasPrefix(".") else { return constraint.isEmpty || host == constraint }
    return host.hasSuffix(constraint) && host.count > constraint.count
  }

  private static func mailboxMatches(_ mailbox: Mailbox, _ constraint: String) -> Bool {
    if let exact = Mailbox(constraint) { return mailbox == exact }
    return hostMatches(mailbox.host, constraint)
  }
}
