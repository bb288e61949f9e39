import Credentials
import Diagnosis
import Enrolment
import Formats
import SwiftASN1
import TLSRuntime
import X509

/// Asks an orchestrator for certificates (RFC 7030). Sends nothing before the server's chain leads to the root that it
/// was told.
struct ESTClient {
  enum Answer {
    /// The certificate, and what leads from it to the root.
    case issued([Certificate])
    /// An operator has to approve first.
    case waiting
    case refused(status: Int)
  }

  let endpoint: Endpoint
  let root: Certificate

  func enrol(_ request: CertificateRequest, with secret: TokenSecret?) async throws -> Answer {
    try await send(request, to: "simpleenroll", secret: secret, credential: nil)
  }

  func renew(_ request: CertificateRequest, with credential: TLSCredential) async throws -> Answer {
    try await send(request, to: "simplereenroll", secret: nil, credential: credential)
  }

  private func send(
    _ request: CertificateRequest, to operation: String, secret: TokenSecret?, credential: TLSCredential?
  ) async throws -> Answer {
    let client = try HTTPSClient(HTTPSClientConfiguration(endpoint: endpoint, trust: [root], credential: credential))
    var message = HTTPSRequest(
      .post, "/.well-known/est/\(operation)", body: Base64.encode(try request.signed.derBytes()))
    message.fields = [("Content-Type", "application/pkcs10")]
    if let secret {
      let text = String(decoding: Base64.encode(Array("\(secret.id):\(secret.text)".utf8)), as: UTF8.self)
      message.fields.append(("Authorization", "Basic \(text)"))
    }
    let answer = try await client.send(message)
    switch answer.status {
    case 200: return .issued(try await chain(from: answer.body, client))
    case 202: return .waiting
    default: return .refused(status: answer.status)
    }
  }

  private func chain(from body: [UInt8], _ client: HTTPSClient) async throws -> [Certificate] {
    let leaf = try Self.certificates(body)
    let above = try Self.certificates(try await client.send(HTTPSRequest(.get, "/.well-known/est/cacerts")).body)
    return leaf + above.filter { $0 != root && $0.subject != $0.issuer }
  }

  private static func certificates(_ body: [UInt8]) throws -> [Certificate] {
    try CertificatesOnly.decode(try Base64.decode(body[...])).map { try Certificate(derEncoded: $0) }
  }
}
