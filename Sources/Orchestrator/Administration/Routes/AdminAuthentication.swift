import Credentials
import Enrolment
import Foundation
import HTTPTypes
import Ledger
import X509

/// Who asks something of the administration interface, as far as that was proven.
struct Administrator: Sendable {
  /// Whom events name.
  var actor: String
  var role: AccessToken.Role
}

/// Finds out who asks: by a token, or by a client certificate that the configuration names.
struct AdminAuthentication: Sendable {
  let core: OrchestratorCore

  /// - Throws: a ``Problem`` (401, 403).
  func administrator(_ authorization: String?, peer: PeerIdentity?, least: AccessToken.Role) async throws
    -> Administrator
  {
    let found: Administrator
    if let authorization {
      found = try await byToken(authorization)
    } else if let peer {
      found = try byCertificate(peer)
    } else {
      throw Self.unauthenticated("this needs an access token or an administrator's certificate")
    }
    guard found.role >= least else {
      throw Problem(
        .forbidden, .forbidden, "this needs the role \(least.rawValue), and yours is \(found.role.rawValue)")
    }
    return found
  }

  private func byToken(_ authorization: String) async throws -> Administrator {
    let words = authorization.split(separator: " ", maxSplits: 1)
    guard words.count == 2, words[0].lowercased() == "bearer", words[1].utf8.count <= 256 else {
      throw Self.unauthenticated("the Authorization field must be: Bearer ID.SECRET")
    }
    let parts = words[1].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, TokenSecret.isID(String(parts[0])) else {
      throw Self.unauthenticated("the access token is not valid")
    }
    let token = try await core.ledger.accessToken(String(parts[0]))
    // An unknown ID takes as long as a wrong secret.
    let isRight = TokenSecret.matches(Array(parts[1].utf8), hash: token?.secretHash)
    guard let token, isRight, token.withdrawnAt == nil, token.expiresAt > core.clock() else {
      throw Self.unauthenticated("the access token is not valid")
    }
    return Administrator(actor: "token \(token.name)", role: token.role)
  }

  private func byCertificate(_ peer: PeerIdentity) throws -> Administrator {
    let subject = peer.certificate.subject
    guard case .own = peer.origin, let name = subject.commonName else {
      throw Problem(.forbidden, .forbidden, "this client certificate may not administer")
    }
    let roles = core.current.configuration.administrators.filter { rule in
      rule.name.matches(name) && (rule.organization == nil || rule.organization == subject.organization)
    }.map(\.role)
    guard let role = roles.max() else {
      throw Problem(.forbidden, .forbidden, "this client certificate may not administer")
    }
    return Administrator(actor: "certificate \(name)", role: role)
  }

  private static func unauthenticated(_ detail: String) -> Problem {
    Problem(
      .unauthenticated, .unauthorized, detail, headers: [.wwwAuthenticate: "Bearer realm=\"countersign\""])
  }
}
