import AsyncHTTPClient
import Credentials
package import Diagnosis
import NIOCore
import NIOHTTP1
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
  /// Takes any certificate and any name: only to ask for something public that is then held against a known hash.
  package var insecurelySkipsVerification = false
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

// It may hold a token and a key.
extension HTTPSRequest: CustomStringConvertible, CustomReflectable {
  package var description: String { "\(method.rawValue) \(target)" }
  package var customMirror: Mirror { Mirror(self, children: ["method": method, "target": target]) }
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
  let configuration: HTTPSClientConfiguration
  private let client: HTTPClient

  /// - Throws: ``HTTPSError/unusableCredential(reason:)``.
  package init(_ configuration: HTTPSClientConfiguration) throws(HTTPSError) {
    self.configuration = configuration
    var settings = HTTPClient.Configuration()
    do {
      var tls = try TLSContextConfiguration(
        trust: configuration.trust, credential: configuration.credential, minimum: configuration.minimum
      ).client()
      if configuration.insecurelySkipsVerification { tls.certificateVerification = .none }
      settings.tlsConfiguration = tls
    } catch {
      throw .unusableCredential(reason: "\(error)")
    }
    settings.redirectConfiguration = .disallow
    settings.httpVersion = .http1Only
    settings.timeout.read = TimeAmount(configuration.requestTimeout)
    settings.timeout.connect = TimeAmount(configuration.connectTimeout)
    settings.connectionPool.retryConnectionEstablishment = false
    if let name = configuration.serverName, name != configuration.endpoint.host {
      settings.dnsOverride = [name: configuration.endpoint.host]
    }
    if !configuration.insecurelySkipsVerification {
      settings.http1_1ConnectionDebugInitializer = Self.nameCheck(configuration)
    }
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
