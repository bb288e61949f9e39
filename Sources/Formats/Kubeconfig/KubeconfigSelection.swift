import Credentials

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
    if let name = cluster.serverName, ReferenceName(name)?.isHost != true {
      throw KubeconfigError(
        "\(title) has a tls-server-name that is no host name", hint: "it is a name of the server's certificate")
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

extension ReferenceName {
  fileprivate var isHost: Bool {
    switch self {
    case .dns, .ip: true
    case .uri, .email: false
    }
  }
}
