import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// What anybody may read, such as a revocation list: it is signed by itself, so that it doesn't matter who brings it.
package enum PublicDocument {
  package struct Failure: Error, Hashable, Sendable {
    package let reason: String
  }

  package static let sizeLimit = 16 << 20

  /// - Parameter url: of http or https.
  package static func get(_ url: String, timeout: Duration = .seconds(10)) async -> Result<[UInt8], Failure> {
    do {
      var request = HTTPClientRequest(url: url)
      request.method = .GET
      let response = try await HTTPClient.shared.execute(request, timeout: TimeAmount(timeout))
      guard response.status == .ok else { return .failure(Failure(reason: "answered \(response.status.code)")) }
      return .success(Array(buffer: try await response.body.collect(upTo: sizeLimit)))
    } catch {
      return .failure(Failure(reason: "\(error)"))
    }
  }
}
