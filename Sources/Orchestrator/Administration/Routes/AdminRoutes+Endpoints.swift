import Credentials
import Foundation
import HTTPTypes
import Hummingbird
import Ledger
import X509

extension AdminRoutes {
  static let description: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/openapi.yaml", nil) { call in
      try call.answer(Array(OpenAPIDocument.text.utf8), type: "application/yaml")
    }
  ]

  static let status: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/status", .reader, query: ["warnSeconds", "criticalSeconds"]) { call in
      let most = 100 * 31_536_000
      let warn = try call.number("warnSeconds", default: 30 * 86_400, 0...most)
      let critical = try call.number("criticalSeconds", default: 7 * 86_400, 0...most)
      return try call.answer(try await call.administration.status(warnSeconds: warn, criticalSeconds: critical))
    },
    AdminEndpoint(.get, "/v1/authority", .reader) { call in
      let authority = try await call.administration.authority()
      guard call.accepts("application/x-pem-file") else { return try call.answer(authority) }
      return try call.answer(Array(authority.roots.utf8), type: "application/x-pem-file")
    },
    AdminEndpoint(.post, "/v1/policy/test", .reader) { call in
      try call.done(try await call.administration.testPolicy(try call.input(API.PolicyQuestion.self)))
    },
    AdminEndpoint(.post, "/v1/crl", .operator, publish),
  ]

  /// The lists are signed by the service; this says who wanted them now.
  private static func publish(_ call: AdminCall) async throws -> Response {
    let lists = try await call.publisher.publishNow()
    for list in lists {
      try await call.core.ledger.append(
        EventEntry(
          kind: .crlPublished, actor: call.actor, subject: "issuer-\(list.ordinal)",
          detail: ["number": "\(list.number)"]),
        at: call.core.clock())
    }
    return try call.done(
      API.PublishedLists(
        lists: lists.map { .init(issuer: $0.ordinal, number: $0.number, nextUpdate: rfc3339($0.nextUpdate)) }))
  }

  static let invitations: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/invitations", .reader, query: ["usable", "limit"]) { call in
      try call.answer(
        try await call.administration.invitations(
          usableOnly: try call.flag("usable", default: false), limit: try call.limit))
    },
    AdminEndpoint(.post, "/v1/invitations", .operator) { call in
      let created = try await call.administration.invite(try call.input(API.NewInvitation.self))
      return try call.done(created, status: .created, location: "/v1/invitations/\(created.invitation.id)")
    },
    AdminEndpoint(.get, "/v1/invitations/{id}", .reader) { call in
      try call.answer(try await call.administration.invitation(try call.parameter("id")))
    },
    AdminEndpoint(.delete, "/v1/invitations/{id}", .operator) { call in
      try await call.administration.withdrawInvitation(try call.parameter("id"))
      return Response(status: .noContent)
    },
  ]

  static let nodes: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/nodes", .reader, query: ["after", "limit"]) { call in
      try call.answer(try await call.administration.nodes(after: call.query["after"], limit: try call.limit))
    },
    AdminEndpoint(.get, "/v1/nodes/{name}", .reader, query: ["organization"]) { call in
      try call.answer(
        try await call.administration.node(try call.parameter("name"), organization: try call.name("organization")))
    },
    AdminEndpoint(.post, "/v1/nodes/{name}/revoke", .operator) { call in
      try call.done(
        try await call.administration.shutOut(
          try call.parameter("name"), try call.input(API.NodeRevocation.self)))
    },
    AdminEndpoint(.post, "/v1/nodes/{name}/readmit", .operator) { call in
      try call.done(
        try await call.administration.readmit(try call.parameter("name"), try call.input(API.Readmission.self)))
    },
  ]

  static let requests: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/requests", .reader, query: ["state", "name"]) { call in
      let state = try call.choice("state", of: PendingRequest.State.self) ?? .waiting
      return try call.answer(try await call.administration.requests(state, name: try call.name("name")))
    },
    AdminEndpoint(.get, "/v1/requests/{id}", .reader) { call in
      try call.answer(try await call.administration.request(try call.parameter("id")))
    },
    AdminEndpoint(.post, "/v1/requests/{id}/approve", .operator) { call in
      try call.done(
        try await call.administration.approve(try call.parameter("id"), try call.input(API.Approval.self)))
    },
    AdminEndpoint(.post, "/v1/requests/{id}/deny", .operator) { call in
      try call.done(try await call.administration.deny(try call.parameter("id")))
    },
  ]

  static let certificates: [AdminEndpoint] = [
    AdminEndpoint(
      .get, "/v1/certificates", .reader,
      query: ["after", "limit", "state", "expiringBefore", "name", "excludeSuperseded"]
    ) { call in
      var query = API.CertificateQuery(limit: try call.limit)
      query.after = call.query["after"]
      query.state = try call.choice("state", of: CertificateState.self)
      query.expiringBefore = try call.time("expiringBefore")
      query.name = try call.name("name")
      query.excludesSuperseded = try call.flag("excludeSuperseded", default: false)
      return try call.answer(try await call.administration.certificates(query))
    },
    AdminEndpoint(.post, "/v1/certificates", .operator) { call in
      let wish = try call.input(API.SigningWish.self)
      let issued = try await OperatorSigning(core: call.core, decisions: call.decisions)
        .sign(wish, by: call.actor, from: call.source)
      let serial = issued.certificate.serialNumber.hex
      return try call.done(
        try await call.administration.certificate(serial), status: .created, location: "/v1/certificates/\(serial)")
    },
    AdminEndpoint(.get, "/v1/certificates/{serial}", .reader) { call in
      let found = try await call.administration.certificate(try call.parameter("serial"))
      guard call.accepts("application/x-pem-file") else { return try call.answer(found) }
      guard let pem = found.pem else {
        throw Problem(.conflict, .conflict, "the serial was reserved and never issued")
      }
      return try call.answer(Array(pem.utf8), type: "application/x-pem-file")
    },
    AdminEndpoint(.post, "/v1/certificates/{serial}/revoke", .operator) { call in
      try call.done(
        try await call.administration.revoke(try call.parameter("serial"), try call.input(API.Revocation.self)))
    },
  ]

  static let events: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/events", .reader, query: ["after", "limit"]) { call in
      let after = Int64(try call.number("after", default: 0, 0...1 << 53))
      if call.accepts("application/x-ndjson") { return call.eventLines(after: after) }
      return try call.answer(try await call.administration.events(after: after, limit: try call.limit))
    },
    AdminEndpoint(.get, "/v1/checkpoint", .reader) { call in
      try call.answer(try await call.administration.checkpoint())
    },
  ]

  static let accessTokens: [AdminEndpoint] = [
    AdminEndpoint(.get, "/v1/access-tokens", .administrator) { call in
      try call.answer(try await call.administration.accessTokens())
    },
    AdminEndpoint(.post, "/v1/access-tokens", .administrator) { call in
      try call.done(
        try await call.administration.createAccessToken(try call.input(API.NewAccessToken.self)), status: .created)
    },
    AdminEndpoint(.delete, "/v1/access-tokens/{id}", .administrator) { call in
      try await call.administration.withdrawAccessToken(try call.parameter("id"))
      return Response(status: .noContent)
    },
  ]
}
