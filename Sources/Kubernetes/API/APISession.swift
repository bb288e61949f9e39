import Diagnosis
import Formats
import Foundation
import Glibc
import TLSRuntime

/// How long to wait for an API server, and how often to ask again.
package struct APISettings: Sendable {
  package var connectTimeout: Duration = .seconds(10)
  package var requestTimeout: Duration = .seconds(60)
  /// How often a request is sent at most: 429, 5xx and broken connections are tried again.
  package var attempts = 5
  /// Doubled after each attempt; Retry-After has the say where there is one.
  package var retryDelay: Duration = .milliseconds(500)
  package var maximumRetryDelay: Duration = .seconds(30)
  package var answerLimit = 16 << 20
  /// How long an exec plugin may take; longer where a person has to log in.
  package var execTimeout: Duration = .seconds(60)
  package var interactiveExecTimeout: Duration = .seconds(300)
  /// Whether a person can answer an exec plugin.
  package var hasTerminal = isatty(STDIN_FILENO) == 1

  package init() {}
}

/// Sends requests with our credentials, gets new ones where they expire, and repeats what the server asks to repeat.
actor APISession {
  struct Answer {
    var response: HTTPSResponse
    var attempts: Int
  }

  private struct Identity {
    var client: HTTPSClient
    var token: String?
    var expires: Date?
    /// Tells it from the one before.
    var number: Int
  }

  let access: ClusterAccess
  private let settings: APISettings
  private var identity: Task<Result<Identity, KubernetesError>, Never>?
  private var identities = 0

  init(_ access: ClusterAccess, _ settings: APISettings) {
    self.access = access
    self.settings = settings
  }

  /// Any status is an answer. 429 and 5xx are given only when they stay so.
  /// - Throws: `.transport`, and what stands in the way of credentials.
  func send(_ request: HTTPSRequest) async throws(KubernetesError) -> Answer {
    var attempt = 1
    var isRenewed = false
    while true {
      let identity = try await currentIdentity()
      let response: HTTPSResponse
      do throws(HTTPSError) {
        response = try await identity.client.send(try authorized(request, identity))
      } catch {
        guard case .interrupted = error, attempt < settings.attempts else { throw .transport(error) }
        try await pause(after: attempt, retryAfter: nil)
        attempt += 1
        continue
      }
      if response.status == 401, !isRenewed, access.credentials.exec != nil {
        // Others may have been refused as well, and have asked for a new one by now.
        if identity.number == identities { self.identity = nil }
        isRenewed = true
        continue
      }
      guard [429, 500, 502, 503, 504].contains(response.status), attempt < settings.attempts else {
        return Answer(response: response, attempts: attempt)
      }
      let status = APIStatus.decode(response.body, code: response.status)
      try await pause(after: attempt, retryAfter: response.retryAfter ?? status?.retryAfterSeconds)
      attempt += 1
    }
  }

  /// The token in use, so that it can be kept out of errors.
  func currentToken() async -> String? {
    guard case .success(let identity)? = await identity?.value else { return nil }
    return identity.token
  }

  private func pause(after attempt: Int, retryAfter: Int?) async throws(KubernetesError) {
    let doubled = settings.retryDelay * (1 << min(attempt - 1, 16))
    let delay = min(retryAfter.map { .seconds(max(0, $0)) } ?? doubled, settings.maximumRetryDelay)
    do { try await Task.sleep(for: delay) } catch { throw .cancelled }
  }
}

extension APISession {
  private func authorized(_ request: HTTPSRequest, _ identity: Identity) throws(HTTPSError) -> HTTPSRequest {
    var request = request
    request.fields.append((name: "User-Agent", value: "countersign"))
    if let token = identity.token { request.fields.append((name: "Authorization", value: "Bearer \(token)")) }
    return request
  }

  /// Concurrent requests share one run of the plugin.
  private func currentIdentity() async throws(KubernetesError) -> Identity {
    if let task = identity {
      let result = await task.value
      if case .success(var known) = result, known.expires.map({ $0 > Date() }) ?? true {
        if let fresh = try tokenOfFile() { known.token = fresh }
        return known
      }
      if identity == task { identity = nil }
    }
    if let task = identity { return try await task.value.get() }
    identities += 1
    let task = Task { [number = identities] in await makeIdentity(number) }
    identity = task
    return try await task.value.get()
  }

  private func makeIdentity(_ number: Int) async -> Result<Identity, KubernetesError> {
    do throws(KubernetesError) {
      return .success(try await newIdentity(number))
    } catch {
      return .failure(error)
    }
  }

  private func newIdentity(_ number: Int) async throws(KubernetesError) -> Identity {
    let credentials = access.credentials
    var configuration = HTTPSClientConfiguration(
      endpoint: Endpoint(host: access.server.host, port: access.server.port), trust: access.trust,
      credential: credentials.certificate)
    configuration.serverName = access.serverName
    configuration.connectTimeout = settings.connectTimeout
    configuration.requestTimeout = settings.requestTimeout
    configuration.answerLimit = settings.answerLimit
    var token = try tokenOfFile()
    if token == nil { token = try literalToken() }
    var expires: Date?
    // A token that is given goes before the plugin's, as with kubectl.
    if let plugin = credentials.exec, token == nil {
      let handed = try await credential(of: plugin)
      token = handed.token
      expires = handed.expires
      if let certificate = handed.certificate, let key = handed.key {
        let owner = "the exec plugin \(plugin.command)"
        configuration.credential = try AccessMaterial.credential(
          certificate: .init(bytes: Array(certificate.utf8), owner: owner, field: "clientCertificateData"),
          key: .init(bytes: Array(key.utf8), owner: owner, field: "clientKeyData"))
      }
    }
    do throws(HTTPSError) {
      return Identity(client: try HTTPSClient(configuration), token: token, expires: expires, number: number)
    } catch {
      throw KubernetesError.transport(error)
    }
  }

  private func credential(of plugin: Kubeconfig.ExecPlugin) async throws(KubernetesError) -> ExecCredential {
    let isInteractive = settings.hasTerminal && plugin.interactiveMode != .never
    return try await ExecPluginRun(
      plugin: plugin, cluster: access.credentials.execCluster, hasTerminal: settings.hasTerminal,
      timeout: isInteractive ? settings.interactiveExecTimeout : settings.execTimeout
    ).credential()
  }

  private func tokenOfFile() throws(KubernetesError) -> String? {
    guard let path = access.credentials.tokenFile else { return nil }
    let text = String(decoding: try AccessFile.read(path), as: UTF8.self)
    return try BearerToken.check(text) { .file(path: path, problem: "it \($0)", hint: "it holds the token alone") }
  }

  private func literalToken() throws(KubernetesError) -> String? {
    guard let token = access.credentials.token else { return nil }
    return try BearerToken.check(token) {
      .material(owner: access.credentials.user, problem: "the field token \($0)", hint: nil)
    }
  }
}
