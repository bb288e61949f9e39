extension ConnectionFacts {
  /// What a backend is told of the client in the PROXY protocol, of its TLS too.
  func proxyHeader(of client: SocketAddress, to local: SocketAddress?) -> ProxyHeader {
    ProxyHeader(
      source: proxy?.source ?? ProxyAddress(client),
      destination: proxy?.destination ?? local.flatMap { ProxyAddress($0) },
      applicationProtocol: agreement?.applicationProtocol, authority: agreement?.serverName,
      tls: agreement.map { agreement in
        ProxyTLS(
          version: agreement.version, commonName: verdict?.peer?.commonNames.first, cipher: agreement.cipher,
          presented: verdict?.peer != nil && !agreement.isResumed, session: verdict?.peer != nil,
          verified: verdict?.refusal == nil)
      })
  }
}

extension ProxyAddress {
  init?(_ address: SocketAddress) {
    switch address.kind {
    case .v4(let octets, let port): self = .ipv4(octets, port: port)
    case .v6(let octets, let port): self = .ipv6(octets, port: port)
    case .unix(let path): self = .unix(Array(path.utf8))
    case .unknown: return nil
    }
  }
}

extension SocketAddress {
  init?(_ address: ProxyAddress) {
    switch address {
    case .ipv4(let octets, let port): self.init(.v4(octets, port: port))
    case .ipv6(let octets, let port): self.init(.v6(octets, port: port))
    case .unix: return nil
    }
  }
}
