import AsyncHTTPClient
import Credentials
import Diagnosis
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import X509

extension HTTPSClient {
  /// What an error of the HTTP client means.
  func explanation(of error: any Error) async -> HTTPSError {
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
