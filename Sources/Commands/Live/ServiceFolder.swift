import Foundation
import Glibc
import Orchestrator
import TLSRuntime

/// HOME/service: the orchestrator's own certificate and key. Each pair has a folder of its own, and `current` points at
/// the newest: the two change in one step.
struct ServiceFolder: CredentialStore {
  private let path: String

  init(_ path: String) { self.path = path }

  private var current: String { path + "/current" }

  func load() throws -> TLSCredential? {
    guard OutputFiles.exists(current) else { return nil }
    // What can't be read is replaced by a new one: it is ours, and we are its issuer.
    guard let chain = try? CertificateFile.read(current + "/tls.crt"), !chain.isEmpty,
      let key = try? KeyFile.read(current + "/tls.key", passphrase: { throw CommandError.usage("it is encrypted") })
    else { return nil }
    return TLSCredential(chain: chain, key: key)
  }

  func store(_ credential: TLSCredential) throws {
    try OutputFiles.makeFolder(path, holdsKeys: true)
    let previous = try? FileManager.default.destinationOfSymbolicLink(atPath: current)
    let version = "v\(Int64(Date().timeIntervalSince1970)).\(UInt32.random(in: .min ... .max))"
    let folder = "\(path)/\(version)"
    try OutputFiles.makeFolder(folder, holdsKeys: true)
    var files = OutputFiles()
    try files.add(try KeyFile.pem(credential.key, passphrase: nil), path: "\(folder)/tls.key", access: .secret)
    try files.add(try CertificateFile.pem(credential.chain), path: "\(folder)/tls.crt", access: .open)
    try files.publish()
    let link = "\(path)/.current.\(version)"
    guard symlink(version, link) == 0, rename(link, current) == 0 else {
      let code = errno
      unlink(link)
      throw FileFailure(.write, current, code)
    }
    try OutputFiles.syncFolder(path)
    removeOthers(than: [version, previous].compactMap { $0 })
  }

  /// The one before stays: a reader may be in it.
  private func removeOthers(than kept: [String]) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    where name.hasPrefix("v") && !kept.contains(name) {
      try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
    }
  }
}
