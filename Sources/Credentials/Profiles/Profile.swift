package import X509

/// What a certificate may be used for.
package enum Profile: String, CaseIterable, Hashable, Sendable {
  /// Both ends of mutual TLS: a node that dials and is dialled. The default.
  case node
  case server
  case client

  package var extendedKeyUsages: [ExtendedKeyUsage.Usage] {
    switch self {
    case .node: [.serverAuth, .clientAuth]
    case .server: [.serverAuth]
    case .client: [.clientAuth]
    }
  }
}
