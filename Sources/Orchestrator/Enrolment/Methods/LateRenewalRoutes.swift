import Enrolment
import Formats
import HTTPTypes
package import Hummingbird
import NIOCore

/// The renewal of certificates that have expired: a nonce, and a request that the old key signed together with it. The
/// connection has no client certificate: one that has expired proves nothing in a handshake.
package struct LateRenewalRoutes: RouteProvider {
  private let core: OrchestratorCore
  private let enrolment: EnrolmentService
  private let nonces: NonceBook

  package init(core: OrchestratorCore, enrolment: EnrolmentService, nonces: NonceBook) {
    self.core = core
    self.enrolment = enrolment
    self.nonces = nonces
  }

  package func addRoutes(to router: Router<ServiceContext>) {
    router.get("/v1/late-renewal/nonce") { _, _ in nonce() }
    router.post("/v1/late-renewal") { request, context in try await renew(request, context) }
  }

  private func nonce() -> Response {
    Response(
      status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(string: nonces.issue(at: core.clock()) + "\n")))
  }

  private func renew(_ request: Request, _ context: ServiceContext) async throws -> Response {
    guard context.isSecure else { throw Problem.notOverTLS }
    let type = request.headers[.contentType]?.prefix { $0 != ";" }.lowercased()
    guard type == "application/x-www-form-urlencoded" else {
      throw Problem(
        .unsupportedMediaType, .unsupportedMediaType,
        "the body must be a form: application/x-www-form-urlencoded, as curl's --data-urlencode makes it")
    }
    let form = try await Self.form(in: request)
    let evidence = LateRenewalEvidence(
      certificate: form.certificate, nonce: form.nonce, signature: form.signature)
    let submission = EnrolmentSubmission(
      der: form.request, operation: .lateRenewal(evidence), source: context.source)
    switch try await enrolment.enrol(submission) {
    case .issued(let certificate): return .certificate(certificate)
    case .waiting: throw Problem(.internal, .internalServerError, "a late renewal never waits")
    case .refused(let refusal): throw refusal.problem
    }
  }

  private static func form(in request: Request) async throws -> LateRenewalForm {
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: LateRenewalForm.sizeLimit)
    } catch is NIOTooManyBytesError {
      throw Problem(.tooLarge, .contentTooLarge, "the body may have \(LateRenewalForm.sizeLimit) bytes")
    }
    do { return try LateRenewalForm(body: Array(buffer: body)) } catch {
      throw Problem(.malformed, .badRequest, error.message)
    }
  }
}

extension Response {
  /// A certificate as EST answers with it (RFC 7030 §4.2.3), so that a client reads both alike.
  fileprivate static func certificate(_ der: [UInt8]) -> Response {
    Response(
      status: .ok,
      headers: [
        .contentType: "application/pkcs7-mime; smime-type=certs-only", .contentTransferEncoding: "base64",
      ], body: .init(byteBuffer: ByteBuffer(bytes: ESTBody.encode(CertificatesOnly.encode(der: [der])))))
  }
}
