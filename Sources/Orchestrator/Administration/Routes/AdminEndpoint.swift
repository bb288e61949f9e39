package import HTTPTypes
import Hummingbird
package import Ledger

/// One operation of the administration interface: where it is, who may use it, what it does.
package struct AdminEndpoint: Sendable {
  package let method: HTTPRequest.Method
  /// As OpenAPI writes it: `/v1/nodes/{name}`.
  package let path: String
  /// The least role that may use it; nil for anybody.
  package let role: AccessToken.Role?
  /// The parameters that its query may have.
  package let query: Set<String>
  let handle: @Sendable (AdminCall) async throws -> Response

  init(
    _ method: HTTPRequest.Method, _ path: String, _ role: AccessToken.Role?, query: Set<String> = [],
    _ handle: @escaping @Sendable (AdminCall) async throws -> Response
  ) {
    self.method = method
    self.path = path
    self.role = role
    self.query = query
    self.handle = handle
  }
}
