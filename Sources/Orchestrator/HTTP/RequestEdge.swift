import HTTPTypes
package import Hummingbird
import Logging
import X509

/// The outermost layer of every route: gives a request its ID, turns errors into problem documents, counts, and writes
/// the access log.
package struct RequestEdge: RouterMiddleware {
  package typealias Context = ServiceContext

  private let core: OrchestratorCore

  package init(core: OrchestratorCore) { self.core = core }

  package func handle(
    _ request: Request, context: ServiceContext, next: (Request, ServiceContext) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var context = context
    // The library's own words about connections are kept down; those about a request are ours.
    context.logger.logLevel = core.logger.logLevel
    if let given = request.headers[.requestID], RequestIdentifier.isUsable(given) {
      context.logger[metadataKey: RequestIdentifier.metadataKey] = .string(given)
    }
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      response = refusal(error, context)
    }
    response.headers[.requestID] = context.requestID
    let duration = ContinuousClock.now - start
    if let peer = context.peer { core.sightings.note(peer, from: context.source, at: core.clock()) }
    core.metrics.answered(
      route: context.endpointPath, method: request.method, status: response.status, duration: duration)
    log(request, response, duration, context)
    return response
  }

  private func refusal(_ error: any Error, _ context: ServiceContext) -> Response {
    let problem = Problem(error)
    if problem.status.code >= 500 {
      context.logger.error("request failed", metadata: ["error": "\(error)"])
    }
    return problem.response(instance: context.requestID)
  }

  /// What went well is in the event record already where it matters: it is logged for those who look for it.
  private func log(_ request: Request, _ response: Response, _ duration: Duration, _ context: ServiceContext) {
    let level: Logger.Level = response.status.code < 400 ? .debug : .info
    context.logger.log(
      level: level, "request",
      metadata: [
        "method": "\(request.method.rawValue)", "route": "\(context.endpointPath ?? "")",
        "status": "\(response.status.code)", "source": "\(context.source)",
        "peer": "\(context.peer.map { "\($0.certificate.subject)" } ?? "")",
        "milliseconds": "\(duration.milliseconds)",
      ])
  }
}

extension Duration {
  /// With three decimals.
  var milliseconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) * 1000 + (Double(attoseconds) / 1e12).rounded() / 1000
  }
}
