import Credentials
import Formats
import SwiftASN1
import X509

/// What is wrong with files of Choreo Connect. Those of other systems are recognised by what is in them, and left alone.
struct ChoreoConnectLint {
  let context: LintContext
  let declared: ChoreoConnect?

  var findings: [Finding] {
    let endpoints = EndpointCertificatesLint(context: context, declared: declared, leaves: leaves)
    let hosts = Set(endpoints.hosts)
    // Servers of other systems may be among the files too.
    let dialled = leaves.filter { hosts.isEmpty || !hosts.isDisjoint(with: $0.certificate.subjectNames) }
    return publicKeys + SettingsLint(context: context, leaves: dialled).findings + endpoints.findings
      + givenCertificates
  }

  // MARK: - The public key pair

  private var publicKeys: [Finding] {
    context.files.flatMap { file -> [Finding] in
      switch file.content {
      case .pem(let blocks):
        return blocks.filter { PEM.isCertificate($0) && ShippedKeystore.isPublic(der: $0.der) }.map {
          Finding(ShippedKeystore.problem, file: file.path, line: $0.line)
        }
      case .yaml:
        return file.objects.filter { object in
          object.data.keys.contains { object.certificates($0).contains(where: ShippedKeystore.isPublic) }
        }.map { Finding(ShippedKeystore.problem, file: file.path, line: $0.line) }
      case .other where JKS.isLikely(file.bytes):
        return (try? JKS.insecureDecodeWithoutPassword(file.bytes))?.entries.compactMap(store(in: file.path)) ?? []
      case .toml, .other:
        return []
      }
    }
  }

  private func store(in path: String) -> (KeyStore.Entry) -> Finding? {
    { entry in
      guard case .trusted(let der) = entry.content, ShippedKeystore.isPublic(der: der) else { return nil }
      var problem = ShippedKeystore.problem
      problem.what = "the entry \"\(entry.alias)\" is the key pair that the distribution ships"
      return Finding(problem, file: path)
    }
  }

  // MARK: - Backends

  /// The certificates of servers among the files.
  var leaves: [BackendLeaf] {
    context.files.flatMap { file -> [BackendLeaf] in
      guard case .pem(let blocks) = file.content else { return [] }
      let certificates = file.certificates
      guard let leaf = certificates.first, !leaf.isAuthority, !ShippedKeystore.isPublic(leaf) else { return [] }
      let line = blocks.first(where: PEM.isCertificate)?.line
      return [BackendLeaf(certificate: leaf, others: Array(certificates.dropFirst()), file: file.path, line: line)]
    }
  }

  /// Certificates that the fleet file has delivered as they are.
  private var givenCertificates: [Finding] {
    (declared?.backends ?? []).compactMap { backend in
      guard case .given(let certificate, _) = backend.source,
        let leaf = leaves.first(where: { $0.file == certificate.path }),
        let problem = ChoreoConnectIdentityRule.name(of: leaf.certificate, host: backend.endpoint.name)
      else { return nil }
      return Finding(problem, file: leaf.file, line: leaf.line)
    }
  }
}

/// A server's certificate in a linted file, with what follows it there.
struct BackendLeaf {
  let certificate: Certificate
  let others: [Certificate]
  let file: String
  let line: Int?
}
