import Formats

/// What the parts of router.yaml say of each other: names, addresses, clusters.
struct RouterReferences {
  private let declaration: Declaration
  private let admin: String?

  /// - Parameter admin: the path of the admin socket.
  init(_ declaration: Declaration, admin: String?) {
    self.declaration = declaration
    self.admin = admin
  }

  var errors: [DeclarationError] {
    empty + repeatedNames("listener") + repeatedNames("cluster") + addresses + unknownClusters + unfitClusters
      + patienceWithoutRequests
  }

  private var empty: [DeclarationError] {
    var errors: [DeclarationError] = []
    if declaration.objects("listeners").isEmpty {
      errors.append(
        DeclarationError(
          "the router has no listeners", advice: "Examples/router/ holds some to begin with",
          at: declaration.place(of: "listeners")))
    }
    if let admin, let problem = UnixSocketPath.tooLong(admin) {
      errors.append(
        DeclarationError(problem, advice: "put it into /run/countersign", at: declaration.place(of: "admin")))
    }
    return errors
  }

  private func repeatedNames(_ kind: String) -> [DeclarationError] {
    var seen: Set<String> = []
    var errors: [DeclarationError] = []
    for declared in declaration.objects(kind + "s") {
      guard let name = declared.text("name"), !seen.insert(name).inserted else { continue }
      errors.append(
        DeclarationError(
          "a second \(kind) is called \"\(name)\"", advice: "each has a name of its own",
          at: declared.place(of: "name")))
    }
    return errors
  }

  private var addresses: [DeclarationError] {
    var holders: [ListenLocation: String] = [:]
    if let admin { holders[.unix(admin)] = "admin" }
    var errors: [DeclarationError] = []
    for declared in declaration.objects("listeners") {
      guard let location = declared.text("listen").flatMap({ ListenLocation($0) }) else { continue }
      // The system chooses another port for each.
      if case .address(let address) = location, address.port == 0 { continue }
      if let holder = holders[location] {
        errors.append(
          DeclarationError(
            "\(location) is taken: \(holder) listens there already",
            advice: "each listener needs an address of its own", at: declared.place(of: "listen")))
      } else {
        holders[location] = declared.text("name").map { "listener \"\($0)\"" } ?? "another listener"
      }
    }
    return errors
  }

  private var unfitClusters: [DeclarationError] {
    let databases = declaration.objects("clusters").filter { $0.text("protocol") == ClusterProtocol.postgres.rawValue }
    let names = Set(databases.compactMap { $0.text("name") })
    return targets(ofRequests: true).compactMap { target in
      guard let name = target.text("to"), names.contains(name) else { return nil }
      return DeclarationError(
        "requests can't go to \"\(name)\", which speaks postgres", advice: "name a cluster that speaks http1 or http2",
        at: target.place(of: "to"))
    }
  }

  private var patienceWithoutRequests: [DeclarationError] {
    let requests = Set(targets(ofRequests: true).compactMap { $0.text("to") })
    let others = Set(targets(ofRequests: false).compactMap { $0.text("to") }).subtracting(requests)
    return declaration.objects("clusters").compactMap { cluster in
      guard cluster.tree["answerTimeout"] != nil, let name = cluster.text("name"), others.contains(name) else {
        return nil
      }
      return DeclarationError(
        "answerTimeout is for answers of HTTP, and no listener with protocol: http leads to \"\(name)\"",
        advice: "leave it out; limits.idle of the listener ends what is silent", at: cluster.place(of: "answerTimeout"))
    }
  }

  /// What names a cluster, of listeners that route requests, or of the others.
  private func targets(ofRequests: Bool) -> [Declaration] {
    declaration.objects("listeners")
      .filter { ($0.text("protocol") == ListenerProtocol.http.rawValue) == ofRequests }
      .flatMap { [$0] + $0.objects("routes") }
  }

  private var unknownClusters: [DeclarationError] {
    let known = declaration.objects("clusters").compactMap { $0.text("name") }
    var errors: [DeclarationError] = []
    for listener in declaration.objects("listeners") {
      for target in [listener] + listener.objects("routes") {
        guard let name = target.text("to"), !known.contains(name) else { continue }
        let advice =
          NearestWord.find(name, among: known).map { "did you mean \"\($0)\"?" }
          ?? "known here: \(known.joined(separator: ", "))"
        errors.append(
          DeclarationError("there is no cluster \"\(name)\"", advice: advice, at: target.place(of: "to")))
      }
    }
    return errors
  }
}
