package import Credentials
package import Formats

/// A node's configuration file, as Bacalhau reads it: keys are compared without regard to case.
package struct BacalhauConfiguration: Hashable, Sendable {
  /// A value with the place where it stands.
  package struct Located<Value: Hashable & Sendable>: Hashable, Sendable {
    package var value: Value
    package var place: YAMLTree.Place
  }

  /// Nil for an empty file.
  package let tree: YAMLTree?

  package init(_ tree: YAMLTree) { self.tree = tree }

  /// - Throws: ``FleetError`` with the file's name and the place, for what isn't one YAML mapping, and for keys that
  ///   stand twice in different spellings.
  package init(_ bytes: [UInt8], path: String) throws(FleetError) {
    do {
      tree = try YAMLTree.document(bytes)
    } catch {
      throw FleetError("it is not a YAML file of one document: \(error.problem)", path: path, at: error.place)
    }
    if let tree, tree.entries == nil {
      throw FleetError(
        "a mapping is expected, and there is \(tree.kind)",
        advice: "Bacalhau's configuration begins with keys such as `Compute:`", path: path, at: tree.place)
    }
    if let twin = twins.first {
      throw FleetError(
        "the key \"\(twin.value)\" stands twice: Bacalhau reads keys without regard to case",
        advice: "keep one of the two", path: path, at: twin.place)
    }
  }

  /// The value at a path of keys, each in whatever spelling.
  package func value(_ path: [String]) -> YAMLTree? {
    path.reduce(tree) { node, key in node.flatMap { Self.entry(key, in: $0)?.value } }
  }

  package func entry(_ path: [String]) -> YAMLTree.Entry? {
    guard let last = path.last, let parent = value(path.dropLast()) else { return nil }
    return Self.entry(last, in: parent)
  }

  /// The path in the file's own spelling, as far as it goes.
  package func steps(_ path: [String]) -> [YAMLStep] {
    var node = tree
    return path.map { key in
      let entry = node.flatMap { Self.entry(key, in: $0) }
      node = entry?.value
      return .key(entry?.key ?? key)
    }
  }

  private static func entry(_ key: String, in node: YAMLTree) -> YAMLTree.Entry? {
    let wanted = key.lowercased()
    return node.entries?.last { $0.key.lowercased() == wanted }
  }

  /// Keys of the parts that we read which stand twice, by Bacalhau's reading.
  package var twins: [Located<String>] {
    let parts =
      [[], ["Orchestrator"], ["Orchestrator", "TLS"], ["Orchestrator", "Auth"]]
      + [["Compute"], ["Compute", "TLS"], ["Compute", "Auth"]]
    return parts.flatMap { part -> [Located<String>] in
      var seen: Set<String> = []
      return (value(part)?.entries ?? []).filter { !seen.insert($0.key.lowercased()).inserted }
        .map { Located(value: $0.key, place: $0.place) }
    }
  }
}

// MARK: - What it says

extension BacalhauConfiguration {
  package func text(_ path: String...) -> Located<String>? {
    guard let value = value(path), let text = value.text, !text.isEmpty else { return nil }
    return Located(value: text, place: value.place)
  }

  package func flag(_ path: String...) -> Bool { isTrue(value(path)) }

  /// Quoted or not: the library that Bacalhau reads it with turns texts into truth values.
  private func isTrue(_ value: YAMLTree?) -> Bool { value?.flag ?? (value?.text?.lowercased() == "true") }

  package var supportsReverseProxy: Bool { flag("Orchestrator", "SupportReverseProxy") }
  package var requiresTLS: Bool { flag("Compute", "TLS", "RequireTLS") }
  package var isOrchestrator: Bool {
    flag("Orchestrator", "Enabled") || text("Orchestrator", "TLS", "ServerCert") != nil
      || text("Orchestrator", "TLS", "ServerKey") != nil || text("Orchestrator", "Auth", "Token") != nil
      || supportsReverseProxy
  }

  /// Whether it talks to other orchestrators.
  package var hasPeers: Bool { value(["Orchestrator", "Cluster", "Peers"])?.items?.isEmpty == false }

  /// The port on which the orchestrator listens.
  package var port: Int {
    let value = value(["Orchestrator", "Port"])
    guard let port = value?.number ?? value?.text.flatMap({ Int($0) }), (1...65535).contains(port) else {
      return BacalhauAddress.defaultPort
    }
    return port
  }

  /// The one address on which the orchestrator listens; nil for all.
  package var listenHost: SubjectName? {
    guard let text = text("Orchestrator", "Host")?.value, let host = SubjectName(host: text) else { return nil }
    if case .ip(let address) = host, address.octets.allSatisfy({ $0 == 0 }) { return nil }
    return host
  }

  /// The host that it tells nodes to reconnect to.
  package var advertisedHost: SubjectName? {
    guard let text = text("Orchestrator", "Advertise")?.value else { return nil }
    return (try? BacalhauAddress(text))?.host
  }

  /// Whether it is an orchestrator that can reach itself by no address that its certificate would name: its client
  /// dials port 4222 of the loopback, and, failing that, the address that it listens on, such as 0.0.0.0.
  package var cannotReachItself: Bool {
    listenHost == nil && port != BacalhauAddress.defaultPort && orchestrators.isEmpty
  }

  /// The elements of `Compute.Orchestrators`: a list, or one text with commas.
  package var orchestrators: [Located<String>] {
    guard let value = value(["Compute", "Orchestrators"]) else { return [] }
    return (value.items ?? [value]).flatMap { item in
      (item.text ?? "").split(separator: ",").map { Located(value: String($0), place: item.place) }
    }
  }

  /// Those of them that can be dialled.
  package var addresses: [Located<BacalhauAddress>] {
    orchestrators.compactMap { element in
      (try? BacalhauAddress(element.value)).map { Located(value: $0, place: element.place) }
    }
  }

  /// - Throws: ``FleetError`` for the first that can't be dialled.
  package func checkedAddresses(path: String) throws(FleetError) -> [BacalhauAddress] {
    var addresses: [BacalhauAddress] = []
    for element in orchestrators {
      do {
        addresses.append(try BacalhauAddress(element.value))
      } catch {
        throw FleetError(error.message, advice: error.advice, path: path, at: element.place)
      }
    }
    return addresses
  }
}
