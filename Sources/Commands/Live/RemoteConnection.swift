import Credentials
import Diagnosis
import Enrolment
import Formats
import Foundation
import TLSRuntime
import X509

/// A verified connection to an orchestrator.
actor RemoteConnection {
  private let endpoint: Endpoint
  private let access: RemoteAdministration.Access
  private var client: HTTPSClient?

  init(endpoint: Endpoint, access: RemoteAdministration.Access) {
    self.endpoint = endpoint
    self.access = access
  }

  /// - Returns: the body of an answer that is no refusal.
  func send(_ method: HTTPSRequest.Method, _ target: String, body: [UInt8]? = nil) async throws -> [UInt8] {
    let client = try await verified()
    var request = HTTPSRequest(method, target, body: body)
    if body != nil { request.fields.append(("Content-Type", "application/json")) }
    if case .token(let access) = access {
      request.fields.append(("Authorization", "Bearer \(access.secret.id).\(access.secret.text)"))
    }
    let response = try await client.send(request)
    guard (200..<300).contains(response.status) else { throw Self.refusal(response) }
    return response.body
  }

  private func verified() async throws -> HTTPSClient {
    if let client { return client }
    let made: HTTPSClient
    switch access {
    case .certificate(let credential, let trust):
      made = try HTTPSClient(configuration(trust: trust, credential: credential))
    case .token(let access):
      let root = try await PinnedRoot.fetch(from: endpoint, hash: access.rootHash)
      made = try HTTPSClient(configuration(trust: [root], credential: nil))
    }
    client = made
    return made
  }

  private func configuration(trust: [Certificate], credential: TLSCredential?) -> HTTPSClientConfiguration {
    var configuration = HTTPSClientConfiguration(endpoint: endpoint, trust: trust, credential: credential)
    configuration.minimum = .tls13
    return configuration
  }

  private struct Problem: Decodable {
    var detail: String?
    var instance: String?
  }

  private static func refusal(_ response: HTTPSResponse) -> CommandError {
    let problem = try? JSONDecoder().decode(Problem.self, from: Data(response.body))
    let message = problem?.detail ?? "the orchestrator answered with status \(response.status)"
    switch response.status {
    case 401:
      return .refused(message, hint: "the access file may be withdrawn or expired: `orchestrator access` makes another")
    case 403, 404, 409: return .refused(message)
    case 429, 500...:
      return .environment(message, hint: problem?.instance.map { "the orchestrator's log has it as \($0)" })
    default: return .usage(message)
    }
  }
}

/// The root of an orchestrator, found by its hash.
enum PinnedRoot {
  /// Asks for the roots without any secret and without trust in the answer: only a root with this hash is taken, and
  /// every connection after this has to lead to it.
  static func fetch(from endpoint: Endpoint, hash: [UInt8]) async throws -> Certificate {
    var configuration = HTTPSClientConfiguration(endpoint: endpoint, trust: [], credential: nil)
    configuration.minimum = .tls13
    configuration.insecurelySkipsVerification = true
    configuration.answerLimit = CertificatesOnly.sizeLimit * 2
    let answer = try await HTTPSClient(configuration).send(HTTPSRequest(.get, "/.well-known/est/cacerts"))
    guard answer.status == 200, let der = try? Base64.decode(answer.body[...]),
      let certificates = try? CertificatesOnly.decode(der)
    else {
      throw CommandError.environment(
        "\(endpoint) doesn't answer as an orchestrator does", hint: "check the address of --orchestrator")
    }
    guard let root = certificates.first(where: { Fingerprint(of: $0).bytes == hash }) else {
      throw CommandError.refused(
        "\(endpoint) is not the orchestrator that the access file is for: it has another root",
        hint: "nothing secret was sent; check the address, and whether somebody stands in between")
    }
    return try CertificateFile.usable(root, path: "the orchestrator's answer")
  }
}
