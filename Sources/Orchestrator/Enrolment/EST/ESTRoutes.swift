import Credentials
import Enrolment
import Formats
import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore
import X509

/// Enrollment over Secure Transport (RFC 7030, RFC 8951): cacerts, simpleenroll, simplereenroll, csrattrs, each also
/// under the name of a profile: `/.well-known/est/client/simpleenroll`.
package struct ESTRoutes: RouteProvider {
  private let core: OrchestratorCore
  private let enrolment: EnrolmentService

  package init(core: OrchestratorCore, enrolment: EnrolmentService) {
    self.core = core
    self.enrolment = enrolment
  }

  package func addRoutes(to router: Router<ServiceContext>) {
    for base in ["/.well-known/est"] + Profile.allCases.map({ "/.well-known/est/\($0.rawValue)" }) {
      let profile = Profile(rawValue: String(base.split(separator: "/").last ?? ""))
      router.get("\(base)/cacerts") { _, _ in try authorityCertificates() }
      router.get("\(base)/csrattrs") { _, _ in try requestAttributes(profile) }
      router.post("\(base)/simpleenroll") { try await enrol($0, $1, .enrol, profile) }
      router.post("\(base)/simplereenroll") { try await enrol($0, $1, .reenrol, profile) }
      router.post("\(base)/serverkeygen") { _, _ -> Response in throw Problem.noServerKeys }
      router.post("\(base)/fullcmc") { _, _ -> Response in throw Problem.noFullCMC }
    }
  }

  // MARK: What anybody may ask

  /// The roots, and what leads from a node's certificate to them (RFC 7030 §4.1.3). Which of them is the root, a client
  /// knows by the hash in its join string.
  private func authorityCertificates() throws -> Response {
    let authority = core.current.authority
    var certificates = authority.roots
    for issuing in [authority.signing] + authority.issuers {
      for certificate in issuing.issuer.intermediates where !certificates.contains(certificate) {
        certificates.append(certificate)
      }
    }
    return Self.answer(try CertificatesOnly.encode(certificates), "application/pkcs7-mime")
  }

  /// RFC 7030 §4.5.2: 204 where the policy leaves everything to the client.
  private func requestAttributes(_ profile: Profile?) throws -> Response {
    let configuration = core.current.configuration
    let attributes = CertificateRequestAttributes(
      policy: configuration.policy, profile: profile ?? configuration.issuing.profile)
    guard !attributes.isEmpty else { return Response(status: .noContent) }
    return Self.answer(try attributes.encode(), "application/csrattrs")
  }

  // MARK: Enrolment

  private func enrol(
    _ request: Request, _ context: ServiceContext, _ operation: EnrolmentRequest.Operation, _ profile: Profile?
  ) async throws -> Response {
    // Basic credentials are taken over TLS only (RFC 7030 §3.2.3).
    guard context.isSecure else { throw Problem.notOverTLS }
    try Self.requireRequestType(request.headers[.contentType])
    let submission = EnrolmentSubmission(
      der: try await Self.certificateRequest(in: request), operation: operation,
      credentials: try Self.credentials(in: request), peer: context.peer, source: context.source, profile: profile)
    switch try await enrolment.enrol(submission) {
    case .issued(let certificate):
      return Self.answer(
        CertificatesOnly.encode(der: [certificate]), "application/pkcs7-mime; smime-type=certs-only")
    case .waiting(_, let retryAfter): return Self.waiting(retryAfter)
    case .refused(let refusal): throw refusal.problem
    }
  }

  private static let requestType = "application/pkcs10"

  private static func requireRequestType(_ value: String?) throws(Problem) {
    if value == requestType { return }
    let type = value?.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
    guard type == requestType else { throw .notARequest }
  }

  private static func certificateRequest(in request: Request) async throws -> [UInt8] {
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: ESTRequestBody.longest)
    } catch is NIOTooManyBytesError {
      throw Problem(
        .tooLarge, .contentTooLarge, EnrolmentError.tooLarge(what: "the body", limit: ESTRequestBody.longest).message)
    }
    do {
      return try ESTRequestBody.decode(Array(buffer: body))
    } catch {
      if case .tooLarge = error { throw Problem(.tooLarge, .contentTooLarge, error.message) }
      throw Problem(.malformed, .badRequest, error.message)
    }
  }

  private static func credentials(in request: Request) throws(Problem) -> BasicCredentials? {
    guard let value = request.headers[.authorization] else { return nil }
    guard let credentials = BasicCredentials(authorization: value) else { throw .wrongCredentials }
    return credentials
  }

  // MARK: Answers

  private static func answer(_ der: [UInt8], _ type: String) -> Response {
    let body = ESTBody.encode(der)
    return Response(
      status: .ok, headers: [.contentType: type, .contentTransferEncoding: "base64"],
      body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }

  private static func waiting(_ retryAfter: Duration) -> Response {
    let text = """
      The request waits for an operator, who compares its pairing code with the one that you compute from the root's \
      certificate and your request. Send the same request again later.

      """
    return Response(
      status: .accepted,
      headers: [.contentType: "text/plain; charset=utf-8", .retryAfter: "\(retryAfter.components.seconds)"],
      body: .init(byteBuffer: ByteBuffer(string: text)))
  }
}

extension HTTPField.Name {
  /// RFC 8951 §3 makes nothing depend on it; some clients of before still look for it.
  static let contentTransferEncoding = HTTPField.Name("Content-Transfer-Encoding") ?? .contentEncoding
}

extension Problem {
  static let noServerKeys = Problem(
    .notFound, .notFound,
    "keys are not made here: a private key is created where it is used and never leaves that node; use simpleenroll")
  static let noFullCMC = Problem(.notFound, .notFound, "full CMC is not offered; use simpleenroll")
  static let notARequest = Problem(
    .unsupportedMediaType, .unsupportedMediaType, "the body must be a certificate request: application/pkcs10")
  static let notOverTLS = Problem(.forbidden, .forbidden, "certificates are asked for over TLS only")
}
