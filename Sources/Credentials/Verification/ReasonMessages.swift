import Foundation

extension Reason {
  /// What is wrong, with the values: lower case, no full stop.
  package var message: String {
    documentMessage ?? chainMessage ?? revocationMessage ?? code
  }

  private var documentMessage: String? {
    switch self {
    case .malformed(let what): "malformed: \(what)"
    case .unsupportedAlgorithm(let what, let identifier): "unsupported \(what) algorithm \(identifier)"
    case .unsupportedVersion(let version): "an X.509 v\(version) certificate, where v3 is required"
    case .duplicateExtension: "an extension stands twice in the certificate"
    case .serialNumber(let what): "the serial number is \(what)"
    case .signatureAlgorithmMismatch: "the signature algorithm inside the certificate differs from the one outside"
    case .weakAlgorithm(let name): "signed with \(name), which is broken"
    case .weakKey(let what): "weak key: \(what)"
    case .criticalExtension(let oid): "critical extension \(oid) is not understood"
    case .profile(let what, _): what
    default: nil
    }
  }

  private var chainMessage: String? {
    switch self {
    case .notYetValid(let date, let now): "not valid before \(rfc3339(date)); it is \(rfc3339(now))"
    case .expired(let date, let now): "expired \(rfc3339(date)); it is \(rfc3339(now))"
    case .notAnAuthority: "not a certificate authority: basicConstraints doesn't say CA:TRUE"
    case .keyUsage(let missing): "keyUsage lacks \(missing)"
    case .extendedKeyUsage(let required, let present):
      "extendedKeyUsage doesn't allow \(required): \(present.isEmpty ? "it is absent" : present.joined(separator: ", "))"
    case .unknownIssuer(let issuer): "issuer \(issuer) not in the trust bundle"
    case .untrustedSelfSigned: "self-signed and not in the trust bundle"
    case .badSignature(let issuer): "the signature is not by the key of \(issuer)"
    case .pathLength(let limit): "more than \(limit) intermediates follow a certificate that allows no more"
    case .pathTooLong(let limit): "the path has more than \(limit) intermediates"
    case .nameConstraint(let name, let permitted):
      "name \(name) is outside what an issuer may certify: \(permitted.joined(separator: ", "))"
    case .excludedName(let name, let by): "name \(name) is excluded by an issuer's constraint on \(by)"
    case .unsupportedConstraint(let form): "a name constraint of the form \(form) can't be applied"
    case .malformedConstraint(let what): "malformed name constraint: \(what)"
    case .policy: "no certificate policy is valid for the whole path, and an issuer requires one"
    case .searchLimit(let what): "gave up: \(what)"
    case .nameMismatch(let expected, let presented):
      presented.isEmpty
        ? "name \(expected) not in the certificate: it has no subjectAltName"
        : "name \(expected) not in the certificate: \(presented.joined(separator: ", "))"
    default: nil
    }
  }

  private var revocationMessage: String? {
    switch self {
    case .revoked(let date, let reason): "revoked \(rfc3339(date))\(reason.map { ", \($0.text)" } ?? "")"
    case .revocationUnknown(let issuer): "revocation status unknown: no usable list by \(issuer)"
    case .revocationListUnusable(let what): "revocation list: \(what)"
    default: nil
    }
  }

  /// What an operator can do about it.
  package var hint: String? {
    switch self {
    case .unknownIssuer: "add the issuer's certificate to the trust bundle, or the intermediate to the chain"
    case .untrustedSelfSigned: "trust its authority's certificate, or this one by name, if you know that it is right"
    case .expired: "renew the certificate"
    case .notYetValid: "compare the clocks of the machine that signed and this one"
    case .nameMismatch: "connect by a name in the certificate, or issue one that holds this name as subjectAltName"
    case .extendedKeyUsage: "issue it again with the node profile, which allows both server and client"
    case .revocationUnknown: "fetch the issuer's current revocation list"
    case .revoked: "issue a new certificate, with a new key"
    case .profile, .weakAlgorithm, .weakKey: "issue the certificate again; countersign sets these fields right"
    default: nil
    }
  }
}
