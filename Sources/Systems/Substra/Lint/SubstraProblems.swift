import Formats

extension Problem {
  static let certManager = Problem(
    "substra-cert-manager", what: "createCertificates is on",
    why: "cert-manager writes the Secret of the server's pair too, and replaces what is put there by others",
    fix: "set orchestrator.tls.createCertificates.enabled to false")

  static let mspIDNotVerified = Problem(
    "substra-mspid-not-verified", what: "nothing is said of verifyClientMSPID, and the chart's default is false",
    why: "any client whose certificate can be verified may then claim any organization's MSP ID",
    fix: "set orchestrator.verifyClientMSPID to true, or to false if that is meant")

  static let mutualTLSWithoutTLS = Problem(
    "substra-mtls-without-tls", what: "mtls is enabled, and tls isn't",
    why: "the chart mounts no certificates at all unless orchestrator.tls.enabled is true",
    fix: "set orchestrator.tls.enabled to true")

  static let noServerCA = Problem(
    "substra-no-server-ca", what: "tls is enabled, and orchestrator.tls.cacert names no object",
    why: "the pods mount the CA from it, and don't start without it", fix: "set it to \(SubstraNames.backendCA)")

  static func clientCACertsIsNoMapping(_ kind: String) -> Problem {
    Problem(
      "substra-client-cacerts", what: "clientCACerts is \(kind), and must be a mapping",
      why: "the chart makes a volume for each of its keys, and the orchestrator reads the key as an MSP ID",
      fix: "write each MSP ID as a key, with a list of object names under it")
  }

  static func clientCACertsIsNoList(_ key: String, _ kind: String) -> Problem {
    Problem(
      "substra-client-cacerts", what: "under clientCACerts.\(key) there is \(kind), and must be a list",
      why: "the chart goes through a list of object names; of a single name it makes no manifest",
      fix: "write `- NAME` on a line of its own below the key")
  }

  static func volumeName(_ key: String, _ problem: String) -> Problem {
    Problem(
      "substra-volume-name", what: "the chart can't make a volume for the key \(key): \(problem)",
      why: "the volume is named orchestrator-tls-client-cacert- and the key in kebab-case, in 63 characters at most",
      fix: "use a shorter MSP ID of letters, digits and hyphens, on both sides")
  }

  static func volumeCollision(_ first: String, _ second: String, _ name: String) -> Problem {
    Problem(
      "substra-volume-collision", what: "the keys \(first) and \(second) become one volume, \(name)",
      why: "a Deployment with two volumes of one name is refused", fix: "use MSP IDs that differ in more than case")
  }

  static func objectKind(_ name: String, _ kind: ManifestObject.Kind, _ wanted: String, _ why: String) -> Problem {
    Problem(
      "substra-object-kind", what: "\(name) is a \(kind.rawValue), and must be a \(wanted)",
      why: why + "; pods that mount an object of another kind don't start",
      fix: "make a \(wanted) of the same name with the same data")
  }

  static func noCA(_ name: String, _ keys: [String]) -> Problem {
    Problem(
      "substra-ca-key",
      what: "\(name) has no certificate under the key \(SubstraCAObject.key)"
        + (keys.isEmpty ? "" : ", only \(keys.joined(separator: ", "))"),
      why: "the charts look under this key alone", fix: "put the CA's certificate, in PEM, under \(SubstraCAObject.key)"
    )
  }

  static func caOrder(_ name: String, first: String, _ issuer: String) -> Problem {
    Problem(
      "substra-ca-order", what: "\(name) begins with \(first), and \(issuer) stands behind it",
      why: "to know an organization's clients, the orchestrator looks at the first certificate of a CA file only",
      fix: "put \(issuer) first, or into an object of its own")
  }

  static func noPair(_ name: String, _ missing: [String]) -> Problem {
    Problem(
      "substra-pair-key", what: "\(name) lacks \(missing.joined(separator: " and "))",
      why: "the charts mount the pair under tls.crt and tls.key", fix: "make it with `kubectl create secret tls`")
  }

  static func misspelt(_ key: String, _ meant: String) -> Problem {
    Problem(
      "substra-misspelt-value", what: "the chart has no value \(key); \(meant) is meant",
      why: "Helm ignores what a chart doesn't know, without a word", fix: "write \(meant)")
  }

  static func declaredOtherwise(_ mspID: String, _ org: String) -> Problem {
    Problem(
      "substra-mspid", what: "mspID is \(mspID), and the fleet file says org: \(org)",
      why: "the certificate's organization, the MSP ID and the key of clientCACerts must be one and the same",
      fix: "correct the one that is wrong")
  }

  static func notAnAuthority(_ name: String, _ mspID: String) -> Problem {
    Problem(
      "substra-not-a-ca", what: "\(name) is no CA certificate",
      why: "clientCAs names those that sign the certificates of \(mspID), not the certificates themselves",
      fix: "ask \(mspID) for the certificate of its CA")
  }
}
