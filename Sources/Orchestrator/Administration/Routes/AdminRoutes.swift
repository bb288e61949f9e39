import Credentials
import Foundation
import HTTPTypes
package import Hummingbird
import Ledger
import NIOCore

/// The administration interface: `/v1`.
package struct AdminRoutes: RouteProvider {
  private let core: OrchestratorCore
  private let publisher: CRLPublisher
  private let decisions: DecisionLog

  package init(core: OrchestratorCore, publisher: CRLPublisher, decisions: DecisionLog) {
    self.core = core
    self.publisher = publisher
    self.decisions = decisions
  }

  package func addRoutes(to router: Router<ServiceContext>) {
    for endpoint in Self.endpoints {
      router.on(RouterPath(endpoint.path), method: endpoint.method) { request, context in
        do {
          return try await awayFromEventLoop { try await respond(endpoint, request, context) }
        } catch {
          throw Problem(administrative: error) ?? error
        }
      }
    }
  }

  /// Every operation, in the order of docs/operate/api.md.
  package static let endpoints: [AdminEndpoint] =
    description + status + invitations + nodes + requests + certificates + events + accessTokens

  private func respond(
    _ endpoint: AdminEndpoint, _ request: Request, _ context: ServiceContext
  ) async throws -> Response {
    var actor = "anybody"
    if let least = endpoint.role {
      actor = try await AdminAuthentication(core: core).administrator(
        request.headers[.authorization], peer: context.peer, least: least
      ).actor
    }
    let query = try QueryString.parse(request.uri.query, known: endpoint.query)
    let call = AdminCall(
      administration: LedgerAdministration(
        ledger: core.ledger, setting: core.administrationSetting, actor: actor, clock: core.clock),
      core: core, publisher: publisher, decisions: decisions, actor: actor, source: context.source, query: query,
      body: try await Self.body(of: request),
      headers: request.headers,
      parameters: context.parameters)
    return try await endpoint.handle(call)
  }

  private static let mostBytes = 64 * 1024

  private static func body(of request: Request) async throws -> [UInt8] {
    do {
      return Array(buffer: try await request.body.collect(upTo: mostBytes))
    } catch is NIOTooManyBytesError {
      throw Problem(.tooLarge, .contentTooLarge, "the body is larger than \(mostBytes >> 10) KiB")
    }
  }
}

extension OrchestratorCore {
  /// What the ledger doesn't know, as it is now.
  var administrationSetting: LedgerAdministration.Setting {
    let snapshot = current
    let issuers = snapshot.authority.issuers.map { issuing in
      LedgerAdministration.Setting.Issuer(
        number: issuing.reference.ordinal, certificate: issuing.issuer.certificate,
        chain: issuing.issuer.intermediates.filter { $0 != issuing.issuer.certificate })
    }
    return LedgerAdministration.Setting(
      issuers: issuers, roots: snapshot.authority.roots, policy: snapshot.configuration.policy,
      admission: snapshot.configuration.admission, profile: snapshot.configuration.issuing.profile,
      lifetime: snapshot.configuration.issuing.lifetime)
  }
}
