import Credentials
import Diagnosis
import Formats
import Foundation
import Glibc
import SwiftASN1
import TLSRuntime
import X509

/// The status of files, folders and live servers.
struct TargetStatus {
  let judge: ExpiryJudge

  func items(_ target: String) async throws -> [StatusItem] {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: target, isDirectory: &isFolder) {
      return isFolder.boolValue ? try folder(target) : try file(target)
    }
    guard let endpoint = Endpoint(parsing: target) else { throw FileFailure(.read, target, ENOENT) }
    return try await live(endpoint)
  }

  private func file(_ path: String) throws -> [StatusItem] {
    let found = try items(in: try InputFile.read(path), path: path)
    guard !found.isEmpty else {
      throw CommandError.usage("\(path) holds no certificate", hint: "`countersign inspect \(path)` says what it is")
    }
    return found
  }

  /// All certificates and revocation lists below a folder; files that hold neither are passed over.
  private func folder(_ path: String) throws -> [StatusItem] {
    guard let names = FileManager.default.enumerator(atPath: path) else { throw FileFailure(.read, path, EACCES) }
    var found: [StatusItem] = []
    for name in names.compactMap({ $0 as? String }).sorted() where Self.isCandidate(name) {
      let file = "\(path)/\(name)"
      do {
        found += try items(in: try InputFile.read(file), path: file)
      } catch let error as FileFailure {
        found.append(StatusItem(level: .critical, state: "unreadable", subject: error.message, source: file))
      } catch {
        // A file that is neither certificate nor list is none of our business.
        continue
      }
    }
    return found
  }

  private static func isCandidate(_ name: String) -> Bool {
    ["pem", "crt", "cer", "der", "cert", "crl", "yaml", "yml"].contains((name as NSString).pathExtension.lowercased())
  }

  private func items(in bytes: [UInt8], path: String) throws -> [StatusItem] {
    if PEM.isLikely(bytes) {
      return try PEM.parse(bytes).flatMap { block in
        PEM.isCertificate(block)
          ? certificate(block.der, source: path)
          : block.label == "X509 CRL" ? try list(block.der, source: path) : []
      }
    }
    guard bytes.first == 0x30 else { return try secrets(bytes, path: path) }
    if let list = try? list(bytes, source: path) { return list }
    return certificate(bytes, source: path)
  }

  private func secrets(_ bytes: [UInt8], path: String) throws -> [StatusItem] {
    guard path.hasSuffix(".yaml") || path.hasSuffix(".yml") else { return [] }
    return try KubernetesSecret.decode(bytes).flatMap { secret in
      secret.data.flatMap { item in
        PEM.scan(item.value).blocks.filter(PEM.isCertificate).flatMap {
          certificate($0.der, source: "\(path) \(secret.name)/\(item.key)")
        }
      }
    }
  }

  private func certificate(_ der: [UInt8], source: String) -> [StatusItem] {
    guard let certificate = try? Certificate(derEncoded: der) else {
      return [StatusItem(level: .warning, state: "unreadable", subject: "(can't be decoded)", source: source)]
    }
    let names = (try? certificate.extensions.subjectAlternativeNames).flatMap { $0 } ?? SubjectAlternativeNames()
    return [
      StatusItem(
        "\(certificate.subject)", names: names.compactMap { SubjectName($0)?.description },
        serial: certificate.serialNumber.hex, notAfter: certificate.notValidAfter, source: source, judge: judge)
    ]
  }

  /// A revocation list that is out of date stops every handshake that needs it.
  private func list(_ der: [UInt8], source: String) throws -> [StatusItem] {
    let list = try CertificateRevocationList(der: der)
    guard let next = list.nextUpdate else { return [] }
    return [
      StatusItem("CRL of \(list.issuer)", names: [], serial: nil, notAfter: next, source: source, judge: judge)
    ].map { item in
      // Lists live for days by design: only one that has run out, or will within a day, needs anybody.
      var item = item
      item.level = next < judge.now + 86_400 ? .critical : .ok
      item.state = next < judge.now ? "expired" : item.level == .ok ? "valid" : "expiring"
      return item
    }
  }

  private func live(_ endpoint: Endpoint) async throws -> [StatusItem] {
    var probe = ProbeConfiguration(endpoint: endpoint, serverName: endpoint.host) { _ in
      ServerAssessment(chain: .notVerified("only its expiry was asked for"), name: .notChecked)
    }
    probe.question = .silence
    probe.grace = .zero
    let result = try await TLSProbe.run(probe)
    return result.certificates.flatMap { certificate($0.der, source: "\(endpoint)") }
  }
}
