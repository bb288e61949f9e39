import Formats

/// Kubernetes Secrets.
extension FileReader {
  mutating func read(_ secret: Manifest.Object) {
    let name = secret.name ?? "(unnamed)"
    let location = Location(file: file.name, line: secret.place.line, path: "Secret \(name)")
    // What `stringData` says of a key wins.
    let last = Dictionary(secret.entries.enumerated().map { ($1.key, $0) }) { $1 }
    let entries = secret.entries.enumerated().filter { last[$1.key] == $0 }.map(\.element)
    let facts = SecretFacts(
      name: name, namespace: secret.namespace, type: secret.type, keys: entries.map(\.key))
    var items = [InspectionReport.Item(location: location, content: .secret(facts), form: "YAML")]
    for entry in entries { items += self.items(of: entry) }
    add(items, kind: .secret, at: location)
    guard secret.type == "kubernetes.io/tls" else { return }
    for key in ["tls.crt", "tls.key"] where !entries.contains(where: { $0.key == key && $0.bytes != [] }) {
      report(
        .secretIncomplete, at: location, "a Secret of type kubernetes.io/tls without \(key)",
        why: "the API server refuses it, and what mounts it finds no \(key == "tls.crt" ? "certificate" : "key")",
        fix: "kubectl create secret tls \(name.printable) --cert=FILE --key=FILE")
    }
  }

  private mutating func items(of entry: Manifest.Entry) -> [InspectionReport.Item] {
    let location = Location(file: file.name, line: entry.place.line, path: "\(entry.field).\(entry.key)")
    guard let value = entry.bytes else {
      if entry.content == .notBase64 { reportNotBase64(entry, at: location) }
      return []
    }
    if value.first == 0x30, let kind = DERKind.of(value) { return derItems(entry.key, value, kind, at: location) }
    let scan = PEM.scan(value)
    for defect in scan.defects {
      guard !scan.blocks.isEmpty || PEMDefects.isAboutMarkers(defect) else { continue }
      var location = location
      location.line = entry.line(defect.line)
      findings.append(PEMDefects.finding(defect, in: file.name, .secret, at: location))
    }
    if scan.blocks.isEmpty, scan.defects.allSatisfy({ !PEMDefects.isAboutMarkers($0) }), !value.isEmpty,
      Self.promisesPEM(entry.key)
    {
      let appearance = Appearance.describe(value).map { ": it looks like \($0)" } ?? ""
      report(
        .notPEM, at: location, "\(entry.key.printable) holds no PEM\(appearance)",
        why: "what mounts the Secret expects PEM there; a value that was encoded twice is a common cause",
        fix: "kubectl create secret encodes by itself: give it the file as it is")
    }
    return scan.blocks.enumerated().flatMap { index, block in
      var place = location
      place.block = index + 1
      place.line = entry.line(block.line)
      return items(block, at: place, form: "PEM in Secret")
    }
  }

  private static func promisesPEM(_ key: String) -> Bool { ["crt", "pem", "key"].contains(NamePromise.ending(key)) }

  private mutating func reportNotBase64(_ entry: Manifest.Entry, at location: Location) {
    report(
      .notBase64, at: location, "\(entry.key.printable) isn't base64",
      why: "the API server refuses the object: values under \(entry.field) are bytes in base64",
      fix: "base64 -w0 FILE, or put the text under stringData")
  }

  private mutating func derItems(
    _ key: String, _ value: [UInt8], _ kind: DERKind, at location: Location
  ) -> [InspectionReport.Item] {
    if Self.promisesPEM(key) {
      report(
        .derWherePEMExpected, at: location, "\(key.printable) holds DER",
        why: "what mounts the Secret expects PEM there",
        fix: "make the Secret again from PEM files")
    }
    return [item(value, as: kind, at: location, form: "DER in Secret")].compactMap(\.self)
  }
}
