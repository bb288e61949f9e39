/// The cluster and the user of one context, checked: everything that is needed to connect.
package struct KubeconfigSelection: Hashable, Sendable {
  package let context: String
  package let server: APIServerAddress
  package let cluster: Kubeconfig.Cluster
  package let user: Kubeconfig.User
  /// Never missing: nothing is trusted that the operator didn't name.
  package let authority: Kubeconfig.Material
  package let namespace: String?
}

extension Kubeconfig {
  /// Finds a context's cluster and user, and refuses what we don't do rather than doing something else.
  /// - Parameters:
  ///   - context: a context's name; the current one if nil.
  ///   - path: the file that is to blame when there is no such context.
  /// - Throws: ``KubeconfigError``.
  package func selection(context: String?, path: String) throws(KubeconfigError) -> KubeconfigSelection {
    let context = try entry(of: context, path: path)
    guard let cluster = clusters.first(where: { $0.name == context.cluster }) else {
      throw KubeconfigError(
        "\(context.origin): context '\(context.name)' names the cluster '\(context.cluster)', which is not there",
        hint: Self.known(clusters.map(\.name)))
    }
    guard let user = users.first(where: { $0.name == context.user }) else {
      throw KubeconfigError(
        "\(context.origin): context '\(context.name)' names the user '\(context.user)', which is not there",
        hint: Self.known(users.map(\.name)))
    }
    let authority = try Self.authority(of: cluster)
    try Self.check(user)
    return KubeconfigSelection(
      context: context.name, server: try Self.address(of: cluster), cluster: cluster, user: user,
      authority: authority, namespace: context.namespace)
  }

  private func entry(of name: String?, path: String) throws(KubeconfigError) -> Context {
    guard let name = name ?? currentContext else {
      throw KubeconfigError("\(path) names no current context", hint: Self.known(contexts.map(\.name), "--context: "))
    }
    guard let context = contexts.first(where: { $0.name == name }) else {
      throw KubeconfigError("\(path) has no context '\(name)'", hint: Self.known(contexts.map(\.name)))
    }
    return context
  }

  private static func authority(of cluster: Cluster) throws(KubeconfigError) -> Material {
    let title = "\(cluster.origin): cluster '\(cluster.name)'"
    guard !cluster.skipsVerification else {
      throw KubeconfigError(
        "\(title) has insecure-skip-tls-verify: the API server would not be verified, and Secrets are sent to it",
        hint: "remove it, and name the cluster's CA as certificate-authority-data")
    }
    if cluster.proxyURL != nil {
      throw KubeconfigError(
        "\(title) has proxy-url: proxies are not supported", hint: "run it where the API server can be reached directly"
      )
    }
    guard let authority = cluster.authority else {
      throw KubeconfigError(
        "\(title) has no certificate-authority: nothing tells which API server to trust",
        hint: "add certificate-authority-data, or certificate-authority with the path of a file of trusted CAs")
    }
    return authority
  }

  private static func address(of cluster: Cluster) throws(KubeconfigError) -> APIServerAddress {
    guard let address = APIServerAddress(cluster.server) else {
      throw KubeconfigError(
        "\(cluster.origin): cluster '\(cluster.name)' has a server that is not an https URL",
        hint: "it looks like https://api.example.org:6443")
    }
    return address
  }

  private static func check(_ user: User) throws(KubeconfigError) {
    let title = "\(user.origin): user '\(user.name)'"
    if let key = user.unsupported.first {
      let isPassword = key == "username" || key == "password"
      throw KubeconfigError(
        isPassword
          ? "\(title) has a username and password, which Kubernetes no longer takes"
          : "\(title) has \(key), which is not supported",
        hint: "use a client certificate, a token or an exec plugin")
    }
    guard (user.certificate == nil) == (user.key == nil) else {
      let (there, missing) =
        user.key == nil ? ("client-certificate", "client-key") : ("client-key", "client-certificate")
      throw KubeconfigError("\(title) has a \(there) but no \(missing)", hint: "the two go together")
    }
    guard user.certificate != nil || user.token != nil || user.tokenFile != nil || user.exec != nil else {
      throw KubeconfigError(
        "\(title) has no credentials", hint: "give it a client certificate and key, a token, or an exec plugin")
    }
  }

  private static func known(_ names: [String], _ prefix: String = "known here: ") -> String {
    names.isEmpty ? "there is none in it" : prefix + names.prefix(20).joined(separator: ", ")
  }
}

/// Where an API server listens: `https://host:port/prefix`.
package struct APIServerAddress: Hashable, Sendable {
  /// A host name or an address, without brackets.
  package let host: String
  package let port: Int
  /// Empty, or with a slash before and none behind, as for servers behind a gateway.
  package let pathPrefix: String

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
    pathPrefix = ""
  }

  /// Nil for anything but an https URL of a host, with at most a port and a plain path.
  package init?(_ text: String) {
    guard text.utf8.count <= 2048, text.lowercased().hasPrefix("https://") else { return nil }
    let rest = text.dropFirst("https://".count)
    let authority = rest.prefix { $0 != "/" }
    var path = rest.dropFirst(authority.count)
    while path.hasSuffix("/") { path = path.dropLast() }
    guard path.utf8.allSatisfy(Self.isPathByte), let (host, port) = Self.split(authority) else { return nil }
    self.host = host
    self.port = port
    pathPrefix = String(path)
  }

  /// As it stands in a URL and in HTTP's Host field.
  package var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  package var description: String { "https://\(authority)\(pathPrefix)" }

  private static func split(_ authority: Substring) -> (String, Int)? {
    var host = authority
    var port: Substring?
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[authority.index(after: authority.startIndex)..<end]
      let after = authority[authority.index(after: end)...]
      guard after.isEmpty || after.hasPrefix(":") else { return nil }
      port = after.isEmpty ? nil : after.dropFirst()
      guard host.contains(":"), host.utf8.allSatisfy({ isHexadecimal($0) || ":.".utf8.contains($0) }) else {
        return nil
      }
    } else {
      if let colon = authority.firstIndex(of: ":") {
        host = authority[..<colon]
        port = authority[authority.index(after: colon)...]
      }
      guard (1...253).contains(host.utf8.count), host.utf8.allSatisfy(isHostByte) else { return nil }
    }
    guard let port else { return (String(host), 443) }
    guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port), (1...65_535).contains(number)
    else { return nil }
    return (String(host), number)
  }

  private static func isHostByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "-._".utf8.contains(byte) }

  private static func isPathByte(_ byte: UInt8) -> Bool { isLetterOrDigit(byte) || "-._~/:@".utf8.contains(byte) }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20)
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
  }
}

extension APIServerAddress: CustomStringConvertible {}
