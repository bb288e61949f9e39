import Formats
import Foundation

/// What an exec plugin is told of the cluster, if its entry says so.
struct ExecClusterInformation: Sendable {
  var server: String
  var serverName: String?
  var authority: [UInt8]
  /// JSON of the cluster's extension for the plugin.
  var configuration: String?

  var json: JSONValue {
    var fields: [String: JSONValue] = [
      "server": .string(server),
      "certificate-authority-data": .string(Data(authority).base64EncodedString()),
    ]
    fields["tls-server-name"] = serverName.map { .string($0) }
    fields["config"] = configuration.flatMap { JSONValue.decode(Array($0.utf8)) }
    return .object(fields)
  }
}

/// What an exec plugin hands out (client.authentication.k8s.io ExecCredential).
struct ExecCredential: Sendable {
  var token: String?
  var certificate: String?
  var key: String?
  var expires: Date?

  /// The text of `KUBERNETES_EXEC_INFO`.
  static func request(
    _ plugin: Kubeconfig.ExecPlugin, cluster: ExecClusterInformation?, isInteractive: Bool
  ) -> String {
    var spec: [String: JSONValue] = ["interactive": .bool(isInteractive)]
    spec["cluster"] = cluster?.json
    let request: JSONValue = [
      "apiVersion": .string(plugin.version.rawValue), "kind": "ExecCredential", "spec": .object(spec),
    ]
    return String(decoding: request.encoded(), as: UTF8.self)
  }

  /// - Throws: ``KubernetesError/execPlugin(command:problem:hint:)``; never with a word of the output.
  static func decode(_ bytes: [UInt8], of plugin: Kubeconfig.ExecPlugin) throws(KubernetesError) -> ExecCredential {
    func failure(_ problem: String) -> KubernetesError {
      .execPlugin(
        command: plugin.command, problem: problem, hint: "run it by hand: its standard output is an ExecCredential")
    }
    guard let value = JSONValue.decode(bytes), value["kind"]?.string == "ExecCredential" else {
      throw failure("printed something that is no ExecCredential")
    }
    guard value["apiVersion"]?.string == plugin.version.rawValue else {
      throw failure("answered in another version than \(plugin.version.rawValue)")
    }
    let status = value["status"]
    func text(_ field: String) -> String? { status?[field]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    var credential = ExecCredential(
      token: text("token"), certificate: text("clientCertificateData"), key: text("clientKeyData"))
    guard (credential.certificate == nil) == (credential.key == nil) else {
      throw failure("handed out a certificate without a key, or a key without a certificate")
    }
    guard credential.token != nil || credential.certificate != nil else { throw failure("handed out no credentials") }
    if let token = credential.token { credential.token = try BearerToken.check(token) { failure($0) } }
    if let expires = text("expirationTimestamp") {
      guard let date = Self.date(expires) else { throw failure("handed out an expirationTimestamp that is no time") }
      credential.expires = date
    }
    return credential
  }

  /// RFC 3339, with or without fractions of a second.
  private static func date(_ text: String) -> Date? {
    (try? Date(text, strategy: .iso8601))
      ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
  }
}

/// A token is sent in a header field: it can't hold what would end the field.
enum BearerToken {
  static let sizeLimit = 64 << 10

  static func check(_ text: String, _ failure: (String) -> KubernetesError) throws(KubernetesError) -> String {
    let token = text.split(whereSeparator: \.isWhitespace)
    guard token.count == 1, let token = token.first else { throw failure("holds no token, or more than one") }
    guard token.utf8.count <= sizeLimit, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw failure("holds a token with characters that no token has")
    }
    return String(token)
  }
}
