import Credentials
import Formats
import X509

extension SubstraLint {
  mutating func checkBackend(_ file: BackendFile) {
    checkKeys(of: file.tls, ["enabled", "cacert", "mtls"], file.path)
    checkKeys(of: file.tls?["mtls"], ["enabled", "clientCertificate"], file.path)
    checkSwitches(file.tls, file.path)
    if let org = file.declared?.org, let place = file.section?["mspID"], let mspID = place.text, mspID != org {
      report(.declaredOtherwise(mspID, org), .error, file.path, place.place.line)
    }
    if file.tls?["enabled"]?.flag == true, (file.tls?["cacert"]?.text ?? "").isEmpty {
      report(.noServerCA, .error, file.path, file.tls?.place.line)
    }
    checkServerCA(file)
    checkClientPair(file)
  }

  private mutating func checkServerCA(_ file: BackendFile) {
    guard let name = file.tls?["cacert"]?.text,
      let object = object(name, namespace: file.declared?.namespace, beside: file.path, isAlone: backends.count == 1)
    else { return }
    checkKind(
      of: object, chart: file.declared?.chart, since: SubstraNames.backendWithSecrets, chartName: "substra-backend")
    checkCA(in: object)
  }

  private mutating func checkClientPair(_ file: BackendFile) {
    guard file.tls?.at("mtls", "enabled")?.flag == true else { return }
    let name = file.tls?.at("mtls", "clientCertificate")?.text ?? SubstraNames.clientPair
    if let pair = object(name, namespace: file.declared?.namespace, beside: file.path, isAlone: backends.count == 1) {
      checkPair(pair)
      checkClient(pair.certificates("tls.crt"), of: file.mspID, in: pair.file, pair.line)
    } else if let loose = looseClient(beside: file) {
      checkClient(loose.certificates, of: file.mspID, in: loose.path, nil)
    }
  }

  /// A client's certificate that hasn't become a Secret yet: the one file with a leaf beside a backend's values, where
  /// nothing else says whose it is.
  private func looseClient(beside file: BackendFile) -> LintFile? {
    let folder = Self.folder(file.path)
    guard declared == nil, backends.count == 1, orchestrators.isEmpty else { return nil }
    let leaves = context.files.filter { other in
      guard Self.folder(other.path) == folder, let leaf = other.certificates.first else { return false }
      return !leaf.isAuthority && ClientUsage.problem(of: leaf) == nil
    }
    return leaves.count == 1 ? leaves.first : nil
  }

  mutating func checkClient(_ chain: [Certificate], of mspID: String?, in path: String, _ line: Int?) {
    guard let mspID, let leaf = chain.first else { return }
    if let problem = ClientUsage.problem(of: leaf) { report(problem, .error, path, line) }
    if let problem = PartnerIntermediate.problem(in: chain) { report(problem, .error, path, line) }
    let refusal = SubstraIdentityRule(authorities: [mspID: []]).refusal(mspID: mspID, chain: chain)
    switch refusal {
    case .organization: if let refusal { report(refusal.problem, .error, path, line) }
    case .noAuthorityKeyIdentifier:
      // Without the check of MSP IDs nothing asks for it.
      let isOff = orchestrators.contains { $0.values.verifiesMSPID == false }
      if let refusal, !isOff { report(refusal.problem, .error, path, line) }
    default: checkIssuer(of: chain, mspID, in: path, line)
    }
  }

  /// Holds a client against the CAs of its organization, where all of their objects are among the files.
  private mutating func checkIssuer(of chain: [Certificate], _ mspID: String, in path: String, _ line: Int?) {
    guard orchestrators.count == 1, let file = orchestrators.first, file.values.verifiesMSPID == true,
      let entry = file.values.clientCACerts.first(where: { $0.key == mspID })
    else { return }
    let objects = entry.objects.compactMap {
      object($0, namespace: file.declared?.namespace, beside: file.path, isAlone: true)
    }
    guard !objects.isEmpty, objects.count == entry.objects.count else { return }
    let cas = objects.map { $0.certificates(SubstraCAObject.key) }
    let rule = SubstraIdentityRule(authorities: [mspID: cas.compactMap(\.first)])
    guard let refusal = rule.refusal(mspID: mspID, chain: chain) else { return }
    let issuers = chain.compactMap(\.authorityKey)
    for (object, certificates) in zip(objects, cas) {
      if let issuer = certificates.dropFirst().first(where: { $0.subjectKey.map(issuers.contains) == true }),
        let first = certificates.first
      {
        let names = (PartnerIntermediate.name(of: first), PartnerIntermediate.name(of: issuer))
        return report(.caOrder(object.name, first: names.0, names.1), .error, object.file, object.line)
      }
    }
    report(refusal.problem, .error, path, line)
  }
}

// MARK: - Files that the fleet file names

extension SubstraLint {
  mutating func checkDeclaredFiles() {
    guard let declared else { return }
    for backend in declared.backends {
      let mspID =
        backend.org
        ?? backends.first { $0.path == backend.values?.path }?.mspID
      switch backend.source {
      case .given(let certificate, _):
        if let file = context.file(certificate.path) { checkClient(file.certificates, of: mspID, in: file.path, nil) }
      case .request(let request):
        if let mspID, let file = context.file(request.path) { checkRequest(file, mspID) }
      case .issued, .selfSigned: break
      }
    }
    for organization in declared.orchestrator.clientCAs {
      for file in organization.files.compactMap({ context.file($0.path) }) { checkClientCA(file, organization.mspID) }
    }
  }

  private mutating func checkRequest(_ file: LintFile, _ mspID: String) {
    guard case .pem(let blocks) = file.content else { return }
    for block in blocks where block.label.hasSuffix("CERTIFICATE REQUEST") {
      guard let request = try? CertificateRequest(der: block.der) else { continue }
      let present = request.signed.subject.organizations
      guard !present.contains(mspID) else { continue }
      report(SubstraRefusal.organization(expected: mspID, present: present).problem, .error, file.path, block.line)
    }
  }

  private mutating func checkClientCA(_ file: LintFile, _ mspID: String) {
    for certificate in file.certificates {
      if let problem = PartnerIntermediate.problem(in: [certificate]) { report(problem, .error, file.path, nil) }
      if !certificate.isAuthority {
        report(.notAnAuthority(PartnerIntermediate.name(of: certificate), mspID), .error, file.path, nil)
      }
    }
  }
}

extension Certificate {
  var isAuthority: Bool {
    if case .isCertificateAuthority? = try? extensions.basicConstraints { true } else { false }
  }
}
