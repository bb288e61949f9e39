import X509

/// Certificates by the name of their subject. Each is decoded when a path first asks for it.
struct CandidatePool {
  private var certificates: [Certificate] = []
  private var subjectKeys: [ArraySlice<UInt8>?] = []
  private var decoded: [Int: CertificateFacts] = [:]
  private var bySubject: [NormalizedName: [Int]] = [:]
  private var unusableBySubject: [NormalizedName: [UnusableCertificate]] = [:]

  init(_ inputs: [CertificateInput]) {
    var seen: Set<Certificate> = []
    for input in inputs {
      switch input {
      case .parsed(let certificate):
        guard seen.insert(certificate).inserted else { continue }
        bySubject[NormalizedName(certificate.subject), default: []].append(certificates.count)
        certificates.append(certificate)
        subjectKeys.append((try? certificate.extensions.subjectKeyIdentifier)?.keyIdentifier)
      case .unusable(let unusable):
        guard let subject = unusable.subject else { continue }
        unusableBySubject[NormalizedName(subject), default: []].append(unusable)
      }
    }
  }

  /// Those with the name of the certificate's issuer; the ones with the key that it points to come first.
  func candidates(issuing child: CertificateFacts) -> [Int] {
    let named = bySubject[child.issuer] ?? []
    guard named.count > 1, let key = child.authorityKey?.keyIdentifier else { return named }
    let matching = named.filter { subjectKeys[$0] == key }
    return matching + named.filter { subjectKeys[$0] != key }
  }

  mutating func facts(_ index: Int) -> CertificateFacts? {
    if let facts = decoded[index] { return facts }
    guard certificates.indices.contains(index) else { return nil }
    let facts = CertificateFacts(certificates[index])
    decoded[index] = facts
    return facts
  }

  func unusable(named name: NormalizedName) -> [UnusableCertificate] { unusableBySubject[name] ?? [] }
}
