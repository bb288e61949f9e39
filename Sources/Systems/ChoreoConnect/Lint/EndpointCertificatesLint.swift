import Credentials
import Formats
import X509

/// What is wrong with the certificates of an API's endpoints: `endpoint_certificates.yaml`, and `certs` in
/// `params.yaml`.
struct EndpointCertificatesLint {
  let context: LintContext
  let declared: ChoreoConnect?
  let leaves: [BackendLeaf]

  var findings: [Finding] { entries.flatMap(findings) }

  /// Those that the router dials, as far as the files say.
  var hosts: [SubjectName] {
    let urls = entries.compactMap(\.url.text) + (declared?.backends.map(\.endpoint.url) ?? [])
    return urls.compactMap { ChoreoConnect.URLParts.host(of: $0).flatMap { SubjectName(host: $0) } }
  }

  /// One endpoint with the file of its certificates.
  private struct Entry {
    var url: YAMLTree
    var certificate: YAMLTree
    var file: String
    /// Where the certificate's file is looked for, with a final slash.
    var folder: String
    /// The API's definition beside it.
    var definition: String
  }

  private var entries: [Entry] {
    context.files.flatMap { file in file.documents.flatMap { entries($0, file.path) } }
  }

  private func entries(_ document: YAMLTree, _ file: String) -> [Entry] {
    let folder = Self.folder(of: file)
    if let items = document["data"]?.items {
      return items.compactMap { item in
        guard let url = item["endpoint"], let certificate = item["certificate"], url.text != nil else { return nil }
        return Entry(
          url: url, certificate: certificate, file: file, folder: folder,
          definition: Self.folder(of: String(folder.dropLast())) + "api.yaml")
      }
    }
    return (document["environments"]?.items ?? []).flatMap { environment -> [Entry] in
      (environment.at("configs", "certs")?.items ?? []).compactMap { item in
        guard let url = item["hostName"], let certificate = item["path"], url.text != nil else { return nil }
        return Entry(
          url: url, certificate: certificate, file: file, folder: folder + "certificates/", definition: "")
      }
    }
  }

  private static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  private func findings(_ entry: Entry) -> [Finding] {
    var findings = mismatch(entry).map { [$0] } ?? []
    guard let name = entry.certificate.text else { return findings }
    guard let file = context.file(entry.folder + name) else { return findings + missing(entry, name) }
    let certificates = file.certificates
    guard let host = entry.url.text.flatMap(ChoreoConnect.URLParts.host), let reference = SubjectName(host: host) else {
      return findings
    }
    // A server's own certificate: one that vouches for itself, or was meant to.
    if let leaf = certificates.first, !leaf.isAuthority,
      let problem = ChoreoConnectIdentityRule.name(of: leaf, host: reference)
    {
      findings.append(Finding(problem, file: file.path, line: leaves.first { $0.file == file.path }?.line))
    }
    return findings + untrusted(entry, reference, certificates)
  }

  /// The endpoint is written otherwise than where it is used.
  private func mismatch(_ entry: Entry) -> Finding? {
    guard let url = entry.url.text, let host = ChoreoConnect.URLParts.host(of: url) else { return nil }
    let known =
      definedEndpoints(entry) + (declared?.backends.map(\.endpoint.url) ?? [])
      + (declared?.apis.flatMap { $0.endpoints.map(\.url) } ?? [])
    guard !known.contains(url),
      let other = known.first(where: { ChoreoConnect.URLParts.host(of: $0)?.lowercased() == host.lowercased() })
    else { return nil }
    return Finding(
      Problem(
        "endpoint-url-mismatch", what: "the endpoint \"\(url)\" is \"\(other)\" where the API is defined",
        why: "the two are compared letter by letter: these certificates are not used, and the global bundle decides",
        fix: "write \(other)"), file: entry.file, line: entry.url.place.line)
  }

  /// Those of the API's definition, where it is among the files.
  private func definedEndpoints(_ entry: Entry) -> [String] {
    let configs = context.file(entry.definition)?.documents.compactMap { $0.at("data", "endpointConfig") } ?? []
    return configs.flatMap { config in
      ["production_endpoints", "sandbox_endpoints"].flatMap { key -> [String] in
        guard let value = config[key] else { return [] }
        return (value.items ?? [value]).compactMap { $0["url"]?.text }
      }
    }
  }

  /// Nothing is said where only the list itself was named on the command line.
  private func missing(_ entry: Entry, _ name: String) -> [Finding] {
    let siblings = context.files.filter { $0.path != entry.file && Self.folder(of: $0.path) == entry.folder }
    guard !siblings.isEmpty else { return [] }
    return [
      Finding(
        Problem(
          "endpoint-certificate-missing", what: "there is no file \(entry.folder)\(name)",
          why: "the API is then deployed without certificates of its own, and the global bundle decides",
          fix: "put the certificate there, or name the file that is there"), file: entry.file,
        line: entry.certificate.place.line)
    ]
  }

  /// The backend's certificate is among the files, and its issuer is not among these.
  private func untrusted(_ entry: Entry, _ host: SubjectName, _ certificates: [Certificate]) -> [Finding] {
    leaves.filter {
      $0.file != entry.folder + (entry.certificate.text ?? "") && $0.certificate.subjectNames.contains(host)
    }
    .compactMap { leaf in
      let credential = NodeCredential(leaf: leaf.certificate, intermediates: leaf.others, key: nil, trust: [])
      guard
        var problem = ChoreoConnectIdentityRule.trust(
          credential, anchors: certificates, purpose: .server, trusting: "the router", at: context.now)
      else { return nil }
      problem.code = "endpoint-issuer-missing"
      return Finding(problem, file: entry.file, line: entry.certificate.place.line)
    }
  }
}
