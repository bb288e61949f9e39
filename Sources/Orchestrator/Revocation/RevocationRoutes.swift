import Credentials
import Formats
import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore
import X509

/// What says whether a certificate is still good, and who issued it. Served on both listeners: over TLS, and over plain
/// HTTP, because who checks a certificate can't demand one (RFC 5280 §8).
package struct RevocationRoutes: RouteProvider {
  private let core: OrchestratorCore
  private let responder: OCSPResponder
  private let publisher: CRLPublisher

  package init(core: OrchestratorCore, responder: OCSPResponder, publisher: CRLPublisher) {
    self.core = core
    self.responder = responder
    self.publisher = publisher
  }

  package func addRoutes(to router: Router<ServiceContext>) {
    router.post("/ocsp") { request, _ in try await postOCSP(request) }
    router.get("/ocsp/**") { request, _ in try await getOCSP(request) }
    for method in [HTTPRequest.Method.get, .head] {
      router.on("/crl/{name}.crl", method: method) { request, context in
        try revocationList(context.parameters.get("name"), request)
      }
      router.on("/issuers/{name}.crt", method: method) { request, context in
        try issuer(context.parameters.get("name"), request)
      }
    }
  }

  // MARK: OCSP (RFC 6960 appendix A)

  private func postOCSP(_ request: Request) async throws -> Response {
    let type = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
    guard type == "application/ocsp-request" else {
      throw Problem(.unsupportedMediaType, .unsupportedMediaType, "send application/ocsp-request")
    }
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: OCSPRequest.sizeLimit)
    } catch is NIOTooManyBytesError {
      throw Problem(.tooLarge, .contentTooLarge, "at most \(OCSPRequest.sizeLimit) bytes")
    }
    let reply = await answer(Array(buffer: body))
    return Response(
      status: .ok, headers: [.contentType: Self.answerType],
      body: ResponseBody(byteBuffer: reply.document.bytes))
  }

  private func getOCSP(_ request: Request) async throws -> Response {
    let path = request.uri.path
    // Percent-encoded base64 of the largest request.
    guard path.utf8.count <= 4 * OCSPRequest.sizeLimit else {
      throw Problem(.tooLarge, .uriTooLong, "send it by POST")
    }
    let reply = await answer(OCSPPath.request(in: path) ?? [])
    guard reply.isSigned else {
      return Response(
        status: .ok, headers: [.contentType: Self.answerType, .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: reply.document.bytes))
    }
    guard reply.isCacheable else { return reply.document.staleResponse(contentType: Self.answerType) }
    return reply.document.response(to: request, contentType: Self.answerType, at: core.clock())
  }

  private func answer(_ request: [UInt8]) async -> OCSPResponder.Reply {
    let reply = await responder.reply(to: request)
    core.metrics.statusAnswer(reply.status, isCached: reply.isFromCache)
    return reply
  }

  private static let answerType = "application/ocsp-response"

  // MARK: Lists and issuers (RFC 2585 §4)

  private func revocationList(_ name: String?, _ request: Request) throws -> Response {
    guard let list = name.flatMap(publisher.list) else { throw Self.noSuchIssuer }
    return list.document.response(to: request, contentType: "application/pkix-crl", at: core.clock())
  }

  private func issuer(_ name: String?, _ request: Request) throws -> Response {
    let authority = core.current.authority
    // The newest one with that key; those without keys here may still be asked for.
    let known = authority.roots + authority.issuers.flatMap { [$0.issuer.certificate] + $0.issuer.intermediates }
    let found = known.last { (try? Distribution.name(of: $0.publicKey)) == name }
    guard let found else { throw Self.noSuchIssuer }
    let now = core.clock()
    let document = PublishedDocument(
      try found.derBytes(), lastModified: found.notValidBefore, expires: min(found.notValidAfter, now + 86_400))
    return document.response(to: request, contentType: "application/pkix-cert", at: now)
  }

  private static let noSuchIssuer = Problem(.notFound, .notFound, "there is no such issuer here")
}

/// The request in the path of a GET: base64, percent-encoded (RFC 6960 appendix A.1). Its slashes may stand there as
/// they are, and so the path can't be taken apart at slashes.
package enum OCSPPath {
  /// Nil where it can't be decoded.
  package static func request(in path: String) -> [UInt8]? {
    let prefix = "/ocsp/"
    guard path.hasPrefix(prefix) else { return nil }
    guard let text = percentDecoded(path.utf8.dropFirst(prefix.utf8.count)) else { return nil }
    // The decoder skips white space, which no encoder puts into a path.
    guard !text.isEmpty, !text.contains(where: { $0 <= 0x20 }) else { return nil }
    return try? Base64.decode(text[...])
  }

  private static func percentDecoded(_ text: Substring.UTF8View) -> [UInt8]? {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count)
    var rest = text.makeIterator()
    while let character = rest.next() {
      guard character == UInt8(ascii: "%") else {
        bytes.append(character)
        continue
      }
      guard let high = rest.next().flatMap(Hexadecimal.value), let low = rest.next().flatMap(Hexadecimal.value) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    return bytes
  }
}
