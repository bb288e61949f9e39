import PKITestKit
import Testing

@Suite("gRPC")
struct GRPCTests {
  let workspace: Workspace
  let backend: Peer
  let router: RunningRouter

  init() throws {
    workspace = try .forRouter()
    backend = try .backend("grpc-echo", in: workspace)
    router = try RunningRouter(
      OneListener(to: backend.port).with {
        $0.clients = "trust: pki/ca.crt"
        $0.more = "protocol: http\n    routes: [{path: /test.Echo/, to: back, allow: [{cn: robot-1}]}]"
        $0.cluster = "protocol: http2"
      }.yaml, in: workspace)
  }

  private func call(as identity: String, _ flags: String...) throws -> [String: Told] {
    let told = try Peer.run(router.client("grpc", as: identity, on: "in", flags), in: workspace)
    return Dictionary(told.compactMap { line in line.event.map { ($0, line) } }, uniquingKeysWith: { $1 })
  }

  @Test("a call, a stream of both directions, and a failure arrive with their trailers")
  func calls() throws {
    let told = try call(as: "robot-1", "--count", "100", "--mib", "3")
    let unary = try #require(told["unary"])
    #expect(unary.outcome == "OK" && unary.count == 3 << 20, "\(unary)")
    #expect(unary.detail?.contains("'length': '\(3 << 20)'") == true, "\(unary)")
    let stream = try #require(told["stream"])
    #expect(stream.outcome == "OK" && stream.count == 100, "\(stream)")
    let fail = try #require(told["fail"])
    #expect(fail.outcome == "NOT_FOUND" && fail.detail?.contains("nothing of that name") == true, "\(fail)")
    #expect(fail.detail?.contains("it isn't there") == true, "\(fail)")
  }

  @Test("whom the route doesn't allow gets what gRPC makes of 403")
  func refused() throws {
    let told = try call(as: "robot-2")
    #expect(told["unary"]?.outcome == "PERMISSION_DENIED" && told["stream"]?.outcome == "PERMISSION_DENIED", "\(told)")
  }
}
