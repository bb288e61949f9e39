/// Why a name can't stand in a certificate.
package enum IdentityError: ExplainedError, Hashable {
  case invalidDNSName(String, reason: String)
  case invalidIPAddress(String)
  case invalidIPRange(String)
  case invalidURI(String, reason: String)
  case invalidCommonName(String, reason: String)
  case invalidOrganization(String, reason: String)

  package var message: String {
    switch self {
    case .invalidDNSName(let name, let reason): "\"\(name)\" is not a DNS name: \(reason)"
    case .invalidIPAddress(let text): "\"\(text)\" is not an IPv4 or IPv6 address"
    case .invalidIPRange(let text): "\"\(text)\" is not an address range"
    case .invalidURI(let uri, let reason): "\"\(uri)\" is not a URI that can name a node: \(reason)"
    case .invalidCommonName(let name, let reason): "\"\(name)\" can't be a common name: \(reason)"
    case .invalidOrganization(let name, let reason): "\"\(name)\" can't be an organization: \(reason)"
    }
  }

  package var hint: String? {
    switch self {
    case .invalidDNSName: "use --ip for an address and --uri for a URI"
    case .invalidIPAddress: "use --dns for a host name"
    case .invalidIPRange: "write it in CIDR notation, such as 10.0.0.0/8 or fd00::/8"
    case .invalidURI: "for example spiffe://example.org/agent/one"
    case .invalidCommonName, .invalidOrganization: "1 to 64 printable characters (RFC 5280, appendix A)"
    }
  }

  package var kind: FailureKind { .badInput }
}
