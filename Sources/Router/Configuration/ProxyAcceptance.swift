package import Credentials

/// A PROXY protocol header is demanded from these addresses, and connections from others are refused.
package struct ProxyAcceptance: Hashable, Sendable {
  package enum Versions: String, CaseIterable, Hashable, Sendable {
    case v2
    case any
  }

  package var accept: Versions
  package var from: [IPRange]

  package init(accept: Versions = .v2, from: [IPRange]) {
    self.accept = accept
    self.from = from
  }
}
