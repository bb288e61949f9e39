import Foundation
import Kubernetes
import PKITestKit
import Testing

/// The stub is only worth something if kubectl takes it for an API server.
@Suite("The stub API server, as kubectl sees it")
struct StubTests {
  static func manifest(_ value: String) -> String {
    #"{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls", "namespace": "org-1"}, "data": {"tls.crt": "\#(value)"}}"#
  }

  @Test("kubectl reads what we have applied, with us as its manager")
  func reading() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    try await application.apply(application.plan([item("tls", ["tls.crt": "1"], labels: ["fleet": "f"])]), .init())
    let one = try server.kubectl("get", "--raw", "\(secretsPath)/tls")
    #expect(one.status == 0, "\(one.errors)")
    let object = try #require(JSONValue.decode(Array(one.stdout)))
    #expect(object["data"]?["tls.crt"]?.string == "MQ==")
    let entry = try #require(object["metadata"]?["managedFields"]?.array?.first)
    #expect(entry["manager"]?.string == "countersign")
    #expect(entry["operation"]?.string == "Apply")
    #expect(entry["fieldsV1"]?["f:data"]?["f:tls.crt"] == [:])
    let list = try server.kubectl("get", "secrets", "-l", "fleet=f", "-o", "name")
    #expect(list.text == "secret/tls\n")
    #expect(try server.kubectl("get", "secrets", "-l", "fleet=g", "-o", "name").text.isEmpty)
  }

  @Test("kubectl's own server-side apply meets our fields as a conflict, and takes them over when forced")
  func conflicts() async throws {
    let server = try StubAPIServer()
    let application = try server.application()
    try await application.apply(application.plan([item("tls", ["tls.crt": "1"])]), .init())
    let apply = ["apply", "--server-side", "--validate=false", "-f", "-"]
    let same = try server.kubectl(apply, input: Self.manifest("MQ=="))
    #expect(same.status == 0, "\(same.errors)")
    let other = try server.kubectl(apply, input: Self.manifest("Mg=="))
    #expect(other.status != 0)
    #expect(other.errors.contains(#"conflict with "countersign" using v1"#))
    #expect(other.errors.contains(".data.tls.crt"))
    #expect(try server.kubectl(apply + ["--force-conflicts"], input: Self.manifest("Mg==")).status == 0)
    #expect(
      try await application.plan([item("tls", ["tls.crt": "1"])]).map(\.action)
        == [.conflict([FieldConflict(field: ".data.tls.crt", manager: "kubectl")], changes: ["data[\"tls.crt\"]"])])
  }

  @Test("kubectl deletes what is there, and is told what isn't")
  func deletion() throws {
    let server = try StubAPIServer(state: ApplicationTests.existing(data: ["k": "MQ=="]))
    #expect(try server.kubectl("delete", "secret", "a").text == "secret \"a\" deleted\n")
    let again = try server.kubectl("delete", "secret", "a")
    #expect(again.errors.contains(#"secrets "a" not found"#))
  }
}
