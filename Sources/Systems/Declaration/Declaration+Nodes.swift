package import Formats

extension Schema {
  /// The keys that any node's entry may have.
  package static let nodeFields: [Field] = [
    Field("csr", .text(.path), "A certificate signing request of another organisation: its key stays there."),
    Field("certificate", .text(.path), "A certificate that was made elsewhere, to be checked and delivered."),
    Field("key", .text(.path), "The private key of that certificate, where it is delivered too."),
  ]
}

extension Declaration {
  package func input(_ key: String, isOptional: Bool = false) -> InputReference? {
    guard let value = tree[key], let path = value.text else { return nil }
    return InputReference(path, at: value.place, isOptional: isOptional)
  }

  /// Where the node of this entry gets its credentials from, by `csr`, `certificate` and `key`.
  package func source() throws(FleetError) -> Node.Source {
    switch (input("csr"), input("certificate"), input("key")) {
    case (nil, nil, nil): return .issued
    case (let request?, nil, nil): return .request(request)
    case (nil, let certificate?, let key): return .given(certificate: certificate, key: key)
    case (nil, nil, let key?):
      throw FleetError("a key without its certificate", advice: "name the certificate's file too", at: key.place)
    case (let request?, _, _):
      throw FleetError(
        "csr excludes certificate and key", advice: "sign a request, or deliver what was made elsewhere",
        at: request.place)
    }
  }
}
