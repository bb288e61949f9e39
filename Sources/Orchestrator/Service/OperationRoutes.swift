import Foundation
import HTTPTypes
import Hummingbird

/// What those ask who operate the service: does it live, can it serve, what does it measure.
struct OperationRoutes: RouteProvider {
  let core: OrchestratorCore
  let readiness: Readiness

  func addRoutes(to router: Router<ServiceContext>) {
    router.get("healthz") { _, _ in
      Response(
        status: .ok, headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: "alive\n")))
    }
    router.get("readyz") { _, _ in try await awayFromEventLoop { try await readyz() } }
    router.get("metrics") { _, _ in await awayFromEventLoop { await metrics() } }
  }

  private func readyz() async throws -> Response {
    let report = await readiness.report()
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Response(
      status: report.isReady ? .ok : .serviceUnavailable,
      headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(report))))
  }

  private func metrics() async -> Response {
    await readiness.measure()
    return Response(
      status: .ok, headers: [.contentType: PrometheusText.contentType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: PrometheusText.encode(core.metrics.registry))))
  }
}
