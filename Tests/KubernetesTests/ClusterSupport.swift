import Credentials
import Formats
import Foundation
import Kubernetes
import PKITestKit
import Testing

extension StubAPIServer {
  /// A client that tries again at once, and bears a busy machine.
  func client(
    kubeconfig: String? = nil, environment: [String: String] = [:], _ change: (inout APISettings) -> Void = { _ in }
  ) throws -> KubernetesClient {
    let access = try ClusterAccess.find(.init(kubeconfig: kubeconfig ?? self.kubeconfig(), environment: environment))
    return KubernetesClient(access, settings: Self.settings(change))
  }

  static func settings(_ change: (inout APISettings) -> Void = { _ in }) -> APISettings {
    var settings = APISettings()
    settings.retryDelay = .milliseconds(5)
    settings.maximumRetryDelay = .milliseconds(20)
    settings.connectTimeout = .seconds(120)
    settings.hasTerminal = false
    change(&settings)
    return settings
  }

  func application() throws -> ClusterApplication { ClusterApplication(try client()) }

  /// The data of a Secret or ConfigMap, as curl sees it.
  func data(_ path: String) throws -> [String: String]? { try object(path)?["data"] as? [String: String] }

  /// What was asked of the API beside discovery, without the reads.
  func writes() throws -> [Request] { try requests().filter { $0.method != "GET" && $0.query["dryRun"] == nil } }
}

let secretsPath = "/api/v1/namespaces/org-1/secrets"

func secret(_ name: String, namespace: String = "org-1") -> ObjectReference {
  ObjectReference(.secret, namespace: namespace, name: name)
}

/// An item with this data, in plain text here.
func item(
  _ name: String, _ data: [String: String], type: String = "Opaque", labels: [String: String] = [:],
  namespace: String = "org-1"
) -> ClusterApplication.Item {
  var metadata: [String: Any] = ["name": name, "namespace": namespace]
  if !labels.isEmpty { metadata["labels"] = labels }
  let object: [String: Any] = [
    "apiVersion": "v1", "kind": "Secret", "type": type, "metadata": metadata,
    "data": data.mapValues { Data($0.utf8).base64EncodedString() },
  ]
  let bytes = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
  return ClusterApplication.Item(secret(name, namespace: namespace), configuration: Array(bytes))
}

/// The error of something that has to fail.
func failure<Value>(
  _ body: () async throws -> Value, _ location: SourceLocation = #_sourceLocation
) async -> KubernetesError? {
  do {
    _ = try await body()
    Issue.record("it did not fail", sourceLocation: location)
  } catch let error as KubernetesError {
    return error
  } catch {
    Issue.record("another error: \(error)", sourceLocation: location)
  }
  return nil
}

extension KubernetesError {
  /// Everything that an operator gets to see.
  var text: String { message + "\n" + (hint ?? "") }
}
