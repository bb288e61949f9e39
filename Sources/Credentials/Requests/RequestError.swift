/// Why a certificate signing request can't be used.
package enum RequestError: ExplainedError, Hashable {
  case undecodable(String)
  case brokenSignature
  case asksForAuthority
  case noCommonName
  case commonNameDiffers(asked: String, expected: String)
  case organizationDiffers(asked: String?, expected: String)
  case invalidName(String, reason: String)

  package var message: String {
    switch self {
    case .undecodable(let reason): "the certificate signing request can't be read: \(reason)"
    case .brokenSignature:
      "the certificate signing request's signature is broken: it was not made by the key that it names"
    case .asksForAuthority: "the certificate signing request asks for a CA certificate (basicConstraints CA:TRUE)"
    case .noCommonName: "the certificate signing request has neither a common name nor a subjectAltName"
    case .commonNameDiffers(let asked, let expected):
      "the certificate signing request says CN=\(asked), not CN=\(expected)"
    case .organizationDiffers(let asked, let expected):
      "the certificate signing request says \(asked.map { "O=\($0)" } ?? "no organization"), not O=\(expected)"
    case .invalidName(let name, let reason):
      "the certificate signing request asks for a name that can't be certified: \(name): \(reason)"
    }
  }

  package var hint: String? {
    switch self {
    case .undecodable:
      "a request begins with -----BEGIN CERTIFICATE REQUEST-----; `countersign inspect` says what the file is"
    case .brokenSignature: "have it made again on the node, with `countersign request` or `openssl req -new`"
    case .asksForAuthority: "a partner's authority is signed with `countersign ca intermediate --csr`"
    case .noCommonName: "have it made again with a common name, for instance `countersign request NAME`"
    case .commonNameDiffers, .organizationDiffers:
      "have the node make a request with the right subject, or sign without --name and --org after reading what it asks for"
    case .invalidName: "have it made again with DNS, IP or URI names that are well formed"
    }
  }

  package var kind: FailureKind {
    switch self {
    case .undecodable: .badInput
    default: .refused
    }
  }
}
