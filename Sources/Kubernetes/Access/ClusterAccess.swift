package import Formats
import TLSRuntime
package import X509

/// Where an API server is, how it is verified, and who we are to it.
package struct ClusterAccess: Sendable {
  /// Where it was found, such as `context 'prod' of /root/.kube/config`.
  package let title: String
  package let server: APIServerAddress
  /// The name that the server's certificate has to hold; the server's host if nil.
  package let serverName: String?
  package let trust: [Certificate]
  /// The namespace of the context, or `default`.
  package let namespace: String
  let credentials: ClusterCredentials
}

/// Who we are: a certificate, a token, or a program that hands out either.
struct ClusterCredentials: Sendable {
  /// Such as `user 'admin' of /root/.kube/config`.
  var user: String
  var certificate: TLSCredential?
  var token: String?
  /// Read for each request: a service account's token is replaced every hour.
  var tokenFile: String?
  var exec: Kubeconfig.ExecPlugin?
  var execCluster: ExecClusterInformation?
}

extension ClusterCredentials: CustomStringConvertible, CustomReflectable {
  var description: String { user }
  var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

extension ClusterAccess {
  /// Where to look for a cluster.
  package struct Sources: Sendable {
    /// The file that the operator named.
    package var kubeconfig: String?
    /// The context that the operator named.
    package var context: String?
    package var environment: [String: String]
    package var serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    package init(kubeconfig: String? = nil, context: String? = nil, environment: [String: String]) {
      self.kubeconfig = kubeconfig
      self.context = context
      self.environment = environment
    }
  }

  /// Looks where kubectl looks: the named kubeconfig, those of `$KUBECONFIG`, `~/.kube/config`, the pod's service
  /// account.
  /// - Throws: ``KubernetesError``: a kubeconfig that can't be used, or no configuration at all.
  package static func find(_ sources: Sources) throws(KubernetesError) -> ClusterAccess {
    let paths = kubeconfigPaths(sources)
    var files: [Kubeconfig] = []
    for path in paths {
      let bytes = try sources.kubeconfig == nil ? AccessFile.readIfPresent(path) : AccessFile.read(path)
      guard let bytes else { continue }
      files.append(try rethrowing { () throws(KubeconfigError) in try Kubeconfig.decode(bytes, path: path) })
    }
    if !files.isEmpty {
      let merged = Kubeconfig.merged(files)
      let blamed = paths.joined(separator: ":")
      let selection = try rethrowing { () throws(KubeconfigError) in
        try merged.selection(context: sources.context, path: blamed)
      }
      return try access(selection)
    }
    if sources.context == nil, let access = try ServiceAccount.access(sources) { return access }
    throw .noConfiguration(lookedAt: paths + [sources.serviceAccountFolder])
  }

  private static func kubeconfigPaths(_ sources: Sources) -> [String] {
    if let path = sources.kubeconfig { return [path] }
    if let list = sources.environment["KUBECONFIG"], !list.isEmpty {
      return list.split(separator: ":").map(String.init)
    }
    return sources.environment["HOME"].map { ["\($0)/.kube/config"] } ?? []
  }

  private static func access(_ selection: KubeconfigSelection) throws(KubernetesError) -> ClusterAccess {
    let cluster = selection.cluster
    let user = selection.user
    let clusterTitle = "cluster '\(cluster.name)' of \(cluster.origin)"
    let userTitle = "user '\(user.name)' of \(user.origin)"
    let authority = try AccessMaterial(selection.authority, field: "certificate-authority", owner: clusterTitle)
    var credentials = ClusterCredentials(user: userTitle, token: user.token, tokenFile: user.tokenFile, exec: user.exec)
    if let certificate = user.certificate, let key = user.key {
      credentials.certificate = try AccessMaterial.credential(
        certificate: AccessMaterial(certificate, field: "client-certificate", owner: userTitle),
        key: AccessMaterial(key, field: "client-key", owner: userTitle))
    }
    if user.exec?.providesClusterInformation == true {
      credentials.execCluster = ExecClusterInformation(
        server: cluster.server, serverName: cluster.serverName, authority: authority.bytes,
        configuration: cluster.execConfiguration)
    }
    return ClusterAccess(
      title: "context '\(selection.context)'", server: selection.server, serverName: cluster.serverName,
      trust: try authority.certificates(), namespace: selection.namespace ?? "default", credentials: credentials)
  }

  private static func rethrowing<Value>(_ body: () throws(KubeconfigError) -> Value) throws(KubernetesError) -> Value {
    do throws(KubeconfigError) { return try body() } catch { throw .kubeconfig(error) }
  }
}

/// What a pod knows of its cluster.
private enum ServiceAccount {
  /// Nil outside a cluster.
  static func access(_ sources: ClusterAccess.Sources) throws(KubernetesError) -> ClusterAccess? {
    let folder = sources.serviceAccountFolder
    guard let host = sources.environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = sources.environment["KUBERNETES_SERVICE_PORT"].flatMap(UInt16.init), port > 0
    else { return nil }
    let token = "\(folder)/token"
    guard try AccessFile.readIfPresent(token) != nil else { return nil }
    let authority = AccessMaterial(
      bytes: try AccessFile.read("\(folder)/ca.crt"), owner: "the pod's service account", field: "\(folder)/ca.crt")
    let namespace = try AccessFile.readIfPresent("\(folder)/namespace").map { String(decoding: $0, as: UTF8.self) }
    return ClusterAccess(
      title: "the pod's service account", server: APIServerAddress(host: host, port: Int(port)), serverName: nil,
      trust: try authority.certificates(),
      namespace: namespace?.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? "default",
      credentials: ClusterCredentials(user: "the pod's service account", tokenFile: token))
  }
}
