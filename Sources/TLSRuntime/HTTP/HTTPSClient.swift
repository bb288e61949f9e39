import AsyncHTTPClient
import Credentials
package import Diagnosis
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import X509

/// How a client of one HTTPS server connects.
package struct HTTPSClientConfiguration: Sendable {
  package var endpoint: Endpoint
  /// The name that the server's certificate has to hold; the endpoint's host if nil.
  package var serverName: String?
  /// Always given: nothing falls back to the system's store.
  package var trust: [Certificate]
  package var credential: TLSCredential?
  package var minimum: TLSContextConfiguration.Minimum = .tls12
  package var connectTimeout: Duration = .seconds(10)
  /// From the first byte of a request to the last of its answer.
  package var requestTimeout: Duration = .seconds(60)
  package var answerLimit = 16 << 20

  package init(endpoint: Endpoint, trust: [Certificate], credential: TLSCredential? = nil) {
    self.endpoint = endpoint
    self.trust = trust
    self.credential = credential
  }
}

package struct HTTPSRequest: Sendable {
  package enum Method: String, Sendable {
    case get = "GET"
    case post = "POST"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  package var method: Method
  /// From the slash on, percent-encoded, with the query.
  package var target: String
  package var fields: [(name: String, value: String)] = []
  package var body: [UInt8]?

  package init(_ method: Method, _ target: String, body: [UInt8]? = nil) {
    self.method = method
    self.target = target
    self.body = body
  }
}

package struct HTTPSResponse: Sendable {
  package var status: Int
  package var body: [UInt8]
  /// The Retry-After field in seconds (RFC 9110 §10.2.3); nil also for a date.
  package var retryAfter: Int?
}

/// A client of one HTTPS server, verified on each connection.
///
/// It follows no redirect and asks no proxy: what it sends is meant for this server alone.
package final class HTTPSClient: Sendable {
  private let configuration: HTTPSClientConfiguration
  private let client: HTTPClient

  /// - Throws: ``HTTPSError/unusableCredential(reason:)``.
  package init(_ configuration: HTTPSClientConfiguration) throws(HTTPSError) {
    self.configuration = configuration
    var settings = HTTPClient.Configuration()
    do {
      settings.tlsConfiguration = try TLSContextConfiguration(
        trust: configuration.trust, credential: configuration.credential, minimum: configuration.minimum
      ).client()
    } catch {
      throw .unusableCredential(reason: "\(error)")
    }
    settings.redirectConfiguration = .disallow
    settings.httpVersion = .http1Only
    settings.timeout.connect = TimeAmount(configuration.connectTimeout)
    settings.connectionPool.retryConnectionEstablishment = false
    if let name = configuration.serverName, name != configuration.endpoint.host {
      settings.dnsOverride = [name: configuration.endpoint.host]
    }
    settings.http1_1ConnectionDebugInitializer = Self.nameCheck(configuration)
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
  }

  /// Compares the name once more, before the first request: NIOSSL also takes a certificate for the address that we
  /// are connected to, when it is another name that was expected.
  private static func nameCheck(
    _ configuration: HTTPSClientConfiguration
  ) -> @Sendable (any Channel) -> EventLoopFuture<Void> {
    let endpoint = configuration.endpoint
    let name = configuration.serverName ?? endpoint.host
    return { channel in
      channel.nioSSL_peerCertificate().flatMapThrowing { certificate in
        guard let reference = ReferenceName(name), let der = try certificate?.toDERBytes() else {
          throw HTTPSError.wrongName(endpoint, expected: name, reason: "no name could be compared")
        }
        if let mismatch = CertificateInput(der: der).nameMismatch(reference) {
          throw HTTPSError.wrongName(endpoint, expected: name, reason: mismatch.message)
        }
      }.flatMapError { error in
        channel.close(promise: nil)
        return channel.eventLoop.makeFailedFuture(error)
      }
    }
  }

  deinit {
    // The closure keeps the client until its connections are closed.
    let client = client
    client.shutdown { _ in _ = client }
  }

  /// - Throws: ``HTTPSError`` when there is no whole answer. Any status is an answer.
  package func send(_ request: HTTPSRequest) async throws(HTTPSError) -> HTTPSResponse {
    do {
      return try await exchange(request)
    } catch let error as HTTPSError {
      throw error
    } catch is NIOTooManyBytesError {
      throw .answerTooLarge(configuration.endpoint, limit: configuration.answerLimit)
    } catch {
      throw await explanation(of: error)
    }
  }

  private func exchange(_ request: HTTPSRequest) async throws -> HTTPSResponse {
    let endpoint = configuration.endpoint
    let name = configuration.serverName ?? endpoint.host
    var message = HTTPClientRequest(
      url: "https://\(name.contains(":") ? "[\(name)]" : name):\(endpoint.port)\(request.target)")
    message.method = HTTPMethod(rawValue: request.method.rawValue)
    message.headers.add(
      name: "Host", value: "\(endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host):\(endpoint.port)")
    for field in request.fields { message.headers.add(name: field.name, value: field.value) }
    if let body = request.body { message.body = .bytes(body) }
    let response = try await client.execute(message, timeout: TimeAmount(configuration.requestTimeout))
    let body = try await response.body.collect(upTo: configuration.answerLimit)
    return HTTPSResponse(
      status: Int(response.status.code), body: Array(body.readableBytesView),
      retryAfter: response.headers.first(name: "Retry-After").flatMap { Int($0) })
  }
}

extension HTTPSClient {
  private func explanation(of error: any Error) async -> HTTPSError {
    let endpoint = configuration.endpoint
    switch error {
    case let error as NIOConnectionError:
      return Self.explanation(of: error, configuration)
    case let error as IOError:
      return error.errnoCode == ECONNREFUSED
        ? .connectionRefused(endpoint)
        : .interrupted(endpoint, reason: String(cString: strerror(error.errnoCode)).lowercased())
    case ChannelError.connectTimeout:
      return .connectTimedOut(endpoint, after: configuration.connectTimeout)
    case NIOSSLError.handshakeFailed, is NIOSSLExtraError:
      return await handshakeFailure(error)
    case BoringSSLError.sslError(let stack):
      let alert = stack.compactMap { BoringSSLReason(parsing: $0.description)?.alert }.first
      if let alert { return .clientRefused(endpoint, alert) }
      return .interrupted(endpoint, reason: "the TLS connection broke")
    case let error as HTTPClientError:
      return Self.explanation(of: error, configuration)
    default:
      return .interrupted(endpoint, reason: "\(type(of: error))")
    }
  }

  private static func explanation(of error: HTTPClientError, _ configuration: HTTPSClientConfiguration) -> HTTPSError {
    let endpoint = configuration.endpoint
    switch error {
    case .connectTimeout, .tlsHandshakeTimeout:
      return .connectTimedOut(endpoint, after: configuration.connectTimeout)
    case .deadlineExceeded, .readTimeout: return .answerTimedOut(endpoint, after: configuration.requestTimeout)
    default: return .interrupted(endpoint, reason: error.shortDescription.lowercased())
    }
  }

  private static func explanation(
    of error: NIOConnectionError, _ configuration: HTTPSClientConfiguration
  ) -> HTTPSError {
    let endpoint = configuration.endpoint
    for cause in error.connectionErrors.map(\.error) {
      if let cause = cause as? IOError {
        if cause.errnoCode == ECONNREFUSED { return .connectionRefused(endpoint) }
        return .unreachable(endpoint, reason: String(cString: strerror(cause.errnoCode)).lowercased())
      }
      if case .connectTimeout = cause as? ChannelError {
        return .connectTimedOut(endpoint, after: configuration.connectTimeout)
      }
    }
    let isUnknown = error.dnsAError != nil || error.dnsAAAAError != nil
    return isUnknown ? .hostNotFound(endpoint.host) : .unreachable(endpoint, reason: "no address answered")
  }

  /// The HTTP client says only that the handshake failed: one more handshake, in which nothing is sent, shows why.
  private func handshakeFailure(_ error: any Error) async -> HTTPSError {
    let endpoint = configuration.endpoint
    let name = configuration.serverName ?? endpoint.host
    let trust = [CertificateInput](configuration.trust)
    var probe = ProbeConfiguration(endpoint: endpoint, serverName: name) { chain in
      ServerAssessment(verifying: chain, trust: trust, name: name, at: Date())
    }
    probe.serverPolicy = .enforce
    probe.question = .silence
    probe.grace = .milliseconds(100)
    probe.credential = configuration.credential
    guard let result = try? await TLSProbe.run(probe) else { return .handshakeFailed(endpoint, reason: "it broke off") }
    switch result.outcome {
    case .refusedByClient(let reason):
      if case .mismatch = result.assessment?.name, case .trusted = result.assessment?.chain {
        return .wrongName(endpoint, expected: name, reason: reason)
      }
      return .untrusted(endpoint, reason: reason)
    case .refused(let refusal):
      if case .alert(let alert) = refusal.form { return .clientRefused(endpoint, alert) }
      return .handshakeFailed(endpoint, reason: refusal.description)
    case .failed(let failure): return .handshakeFailed(endpoint, reason: failure.description)
    case .accepted: return .handshakeFailed(endpoint, reason: "\(type(of: error))")
    }
  }
}

extension ServerAssessment {
  /// What our verifier says of a chain in DER, leaf first.
  fileprivate init(verifying chain: [[UInt8]], trust: [CertificateInput], name: String, at now: Date) {
    let presented = chain.map { CertificateInput(der: $0) }
    guard let leaf = presented.first, let reference = ReferenceName(name) else {
      self.init(chain: .notVerified("the server presented no certificate"), name: .notChecked)
      return
    }
    let mismatch = leaf.nameMismatch(reference)
    let request = PathRequest(
      leaf: leaf, intermediates: Array(presented.dropFirst()), trust: trust, at: now, purpose: .server)
    let verdict: Chain =
      switch verify(request) {
      case .accepted(let path): .trusted(path: path.map { "\($0.subject)" })
      case .rejected(let rejection): .untrusted(code: rejection.first.code, reason: rejection.message)
      }
    self.init(chain: verdict, name: mismatch.map { .mismatch($0.message) } ?? .matches)
  }
}
