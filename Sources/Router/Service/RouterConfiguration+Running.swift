import Glibc
import Logging

// What the service goes by, beside listeners and clusters.

extension RouterConfiguration {
  /// The files that it is put in force with, in an order that stays. One may be there several times.
  package var files: [String] {
    let trusts = listeners.compactMap { $0.clients?.trust } + clusters.compactMap { $0.tls?.trust }
    return identities.flatMap { [$0.certificate, $0.key] } + passphraseFiles + trusts
      + revocationLocations.filter { !$0.contains("://") }
  }

  /// Those of them that hold nothing but a secret.
  package var passphraseFiles: [String] { identities.compactMap(\.passphraseFile) }

  private var identities: [IdentityFiles] {
    listeners.compactMap(\.identity) + clusters.compactMap { $0.tls?.identity }
  }

  /// Where revocation lists are to be fetched.
  var revocationURLs: Set<String> { Set(revocationLocations.filter { $0.contains("://") }) }

  private var revocationLocations: [String] {
    let sources = listeners.compactMap { $0.clients?.revocation } + clusters.compactMap { $0.tls?.revocation }
    return sources.flatMap(\.locations)
  }

  /// How many workers it means.
  var workerCount: Int { workers ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// What only a start puts in force, by its key.
  private var startOnly: [String: String] {
    ["workers": "\(workerCount)", "user": user ?? "", "group": group ?? "", "log.level": log.level.rawValue]
  }

  /// The keys that this configuration changes in vain: it asks for something else than it did before, and than what the
  /// router was started with.
  func keysInVain(after before: RouterConfiguration, startedWith started: RouterConfiguration) -> [String] {
    let (wanted, earlier, inForce) = (startOnly, before.startOnly, started.startOnly)
    return wanted.keys.filter { wanted[$0] != earlier[$0] && wanted[$0] != inForce[$0] }.sorted()
  }
}
