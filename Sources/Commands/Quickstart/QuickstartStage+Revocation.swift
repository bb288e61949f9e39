import Credentials
import Foundation
import TLSRuntime
import X509

extension QuickstartStage {
  /// Revokes node-2, and asks whoever a relying party would ask.
  func revocation(
    _ orchestrator: QuickstartOrchestrator, _ identities: QuickstartIdentities
  ) async throws -> [QuickstartFacts.Proven] {
    let shell = try QuickstartShell(folder: folder, home: home, console: console, interruption: interruption)
    guard let credential = identities.nodes.last else { return [] }
    console.note("\nnode-2 is stolen:")
    try shell.run("countersign nodes revoke node-2 --reason keyCompromise")
    let ocsp = try await answer(of: shell, to: CurlNode.ocsp, expecting: "node-2.crt: revoked")
    let crl = try await answer(of: shell, to: CurlNode.revocationList, expecting: "certificate revoked")
    console.note("")
    return [
      .init("OCSP says that node-2 is revoked", holds: ocsp.holds, evidence: ocsp.line),
      .init("so does the CRL", holds: crl.holds, evidence: crl.line),
      try await refusal(orchestrator, credential, root: identities.trust),
    ]
  }

  /// Asks until the answer is the one expected, which follows the record within a second or two.
  private func answer(
    of shell: QuickstartShell, to command: String, expecting words: String
  ) async throws -> (holds: Bool, line: String) {
    let quiet = try QuickstartShell(folder: folder, home: home, console: console.silent, interruption: interruption)
    var text = try shell.run(command, in: "node-2", mayFail: true)
    for _ in 0..<100 where !text.contains(words) {
      try await Task.sleep(for: .milliseconds(100))
      text = try quiet.run(command, in: "node-2", mayFail: true)
    }
    let lines = text.split(separator: "\n").map(String.init)
    return (text.contains(words), lines.first { $0.contains(words) } ?? lines.last ?? "no answer")
  }

  private func refusal(
    _ orchestrator: QuickstartOrchestrator, _ credential: TLSCredential, root: [Certificate]
  ) async throws -> QuickstartFacts.Proven {
    let title = "the orchestrator gives node-2 no other certificate"
    guard let root = root.first else { return .init(title, holds: false, evidence: "there is no root") }
    let request = try CertificateRequest(try Identity(commonName: "node-2"), key: try KeyKind.p256.generate())
    do {
      switch try await ESTClient(endpoint: orchestrator.endpoint, root: root).renew(request, with: credential) {
      case .issued: return .init(title, holds: false, evidence: "it was renewed")
      case .waiting: return .init(title, holds: false, evidence: "it may wait")
      case .refused(let status):
        return .init(title, holds: true, evidence: "its renewal was refused with HTTP \(status)")
      }
    } catch let error as HTTPSError {
      return .init(title, holds: true, evidence: "its connection was closed: \(error.message)")
    }
  }
}

extension Console {
  /// The same, saying nothing of what goes on.
  fileprivate var silent: Console {
    var silent = self
    silent.isQuiet = true
    return silent
  }
}
