package import Credentials
import Enrolment
package import Formats
import Ledger
import Logging
import X509

/// orchestrator.yaml. Pure: the files that it names are read by the caller's closure.
package struct OrchestratorConfigurationFile: Sendable {
  /// What holds where the file says nothing: config.yaml of the home, which the desk goes by.
  package struct Inherited: Sendable, Hashable {
    package var policy: IssuancePolicy
    package var issuing: IssuingDefaults

    package init(policy: IssuancePolicy = .unrestricted, issuing: IssuingDefaults = IssuingDefaults()) {
      self.policy = policy
      self.issuing = issuing
    }
  }

  private let path: String
  private let home: String
  private let inherited: Inherited
  private let read: @Sendable (String) throws -> [UInt8]

  /// - Parameters:
  ///   - path: the paths in the file are relative to its folder, but for the ledger's.
  ///   - home: where the ledger lies, for the desk's commands look for it there.
  ///   - read: the bytes of a file that orchestrator.yaml names.
  package init(
    path: String, home: String, inherited: Inherited = Inherited(),
    reading read: @escaping @Sendable (String) throws -> [UInt8]
  ) {
    self.path = path
    self.home = home
    self.inherited = inherited
    self.read = read
  }

  /// - Throws: ``DeclarationErrors``: what is wrong with it.
  package func parse(_ bytes: [UInt8]) throws(DeclarationErrors) -> OrchestratorConfiguration {
    let file = DeclaredFile(path: path, advice: "docs/operate/configuration.md lists what may stand here")
    guard let declaration = try file.read(bytes, fields: OrchestratorConfiguration.fields) else {
      throw file.errors([DeclarationError("it is empty", advice: "Examples/orchestrator/ holds one to begin with")])
    }
    do throws(DeclarationError) {
      return try configuration(declaration)
    } catch {
      throw file.errors([error])
    }
  }

  private func configuration(_ declaration: Declaration) throws(DeclarationError) -> OrchestratorConfiguration {
    let listen = declaration.text("listen").flatMap(ListenAddress.init) ?? ListenAddress(host: "0.0.0.0", port: 8443)
    let publicListen = declaration.text("publicListen").flatMap(ListenAddress.init)
    if let publicListen, publicListen == listen, listen.port != 0 {
      throw DeclarationError(
        "publicListen is the address of listen", advice: "plain HTTP needs a port of its own",
        at: declaration.place(of: "publicListen"))
    }
    var configuration = OrchestratorConfiguration(
      listen: listen, publicListen: publicListen,
      names: (declaration.list("names") ?? []).compactMap(SubjectName.init(host:)),
      publicURL: declaration.text("publicURL").map(PublicURL.normalized), ledger: try ledger(declaration),
      admission: try admission(declaration),
      policy: try IssuancePolicy(of: declaration, path: path) ?? inherited.policy,
      limits: RateLimits(of: declaration.object("limits")), administrators: administrators(declaration),
      issuing: issuing(declaration), revocation: RevocationTiming(of: declaration.object("revocation")),
      server: ServerLimits(of: declaration.object("server")))
    configuration.certificateLifetime =
      declaration.object("certificate")?.duration("lifetime") ?? configuration.certificateLifetime
    configuration.logLevel =
      declaration.object("log")?.text("level").flatMap(Logger.Level.init(rawValue:)) ?? configuration.logLevel
    return configuration
  }

  // MARK: Parts

  private func ledger(_ declaration: Declaration) throws(DeclarationError) -> LedgerLocation {
    guard let declared = declaration.object("ledger") else { return .sqlite(path: "\(home)/ledger.db") }
    switch (declared.text("sqlite"), declared.text("postgres")) {
    case (let file?, nil):
      for key in ["passwordFile", "pool"] where declared.tree[key] != nil {
        throw DeclarationError("\(key) is for PostgreSQL", advice: "leave it out", at: declared.place(of: key))
      }
      return .sqlite(path: Self.path(file, in: home))
    case (nil, let url?):
      guard let problem = Self.problem(ofDatabase: url) else { return .postgres(url: url) }
      throw DeclarationError(problem.what, advice: problem.advice, at: declared.place(of: "postgres"))
    default:
      throw DeclarationError(
        "a ledger is given in one of two ways", advice: "{sqlite: FILE} or {postgres: URL}", at: declared.place)
    }
  }

  /// Says nothing of the URL itself, which may hold a password.
  private static func problem(ofDatabase url: String) -> (what: String, advice: String)? {
    guard let scheme = ["postgresql://", "postgres://"].first(where: { url.hasPrefix($0) }) else {
      return ("this is not the URL of a PostgreSQL database", "postgresql://host/database?sslmode=verify-full")
    }
    let authority = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
    let user = authority.lastIndex(of: "@").map { authority[..<$0] } ?? ""
    guard !user.contains(":"), !url.contains("password=") else {
      return ("the URL holds a password", "put it into a file, and name that with passwordFile")
    }
    return nil
  }

  private func admission(_ declaration: Declaration) throws(DeclarationError) -> AdmissionRules {
    guard let declared = declaration.object("admission") else { return AdmissionRules() }
    var rules = AdmissionRules(tokens: declared.flag("tokens") ?? false)
    if let passwords = declared.object("passwords") {
      let name = try passwords.required("file")
      rules.passwords = .init(hashes: try hashes(try contents(name, at: passwords.place(of: "file")), of: name))
    }
    if let approval = declared.object("approval") {
      let names = approval.list("names") ?? ["*"]
      guard !names.isEmpty else {
        throw DeclarationError(
          "approval names nobody", advice: "leave it out, or say names: [\"*\"]", at: approval.place(of: "names"))
      }
      rules.approval = .init(
        names: names.map(NamePattern.init), expiresAfter: approval.duration("expiresAfter") ?? .seconds(86_400))
    }
    for partner in declared.objects("partners") {
      let read = try self.partner(partner)
      guard !rules.partners.contains(where: { $0.organization == read.organization }) else {
        throw DeclarationError(
          "\"\(read.organization)\" is a partner already", advice: "one entry holds all its certificates and names",
          at: partner.place)
      }
      rules.partners.append(read)
    }
    rules.renewal.late = declared.object("renewal")?.duration("late")
    return rules
  }

  private func hashes(_ bytes: [UInt8], of name: String) throws(DeclarationError) -> [String: ScryptHash] {
    do throws(PasswordFileError) {
      return try PasswordFile.parse(bytes)
    } catch {
      guard case .line(let line, let column, let reason) = error else {
        throw DeclarationError(error.message, advice: error.hint, path: resolved(name), kind: error.kind)
      }
      throw DeclarationError(
        reason, advice: error.hint, path: resolved(name), at: .init(line: line, column: column), kind: error.kind)
    }
  }

  private func partner(_ declared: Declaration) throws(DeclarationError) -> AdmissionRules.Partner {
    let dns = declared.list("dns") ?? []
    guard !dns.isEmpty else {
      throw DeclarationError(
        "the partner may have no names", advice: "name a suffix, such as .example.org", at: declared.place(of: "dns"))
    }
    let name = try declared.required("trust")
    let bytes = try contents(name, at: declared.place(of: "trust"))
    return .init(
      organization: try declared.required("org"), trust: try PartnerTrust.parse(bytes, path: resolved(name)), dns: dns)
  }

  private func administrators(_ declaration: Declaration) -> [AdministratorRule] {
    declaration.objects("administrators").compactMap { rule in
      guard let name = rule.text("name"), let role = rule.text("role").flatMap(AccessToken.Role.init) else {
        return nil
      }
      return AdministratorRule(name: NamePattern(name), organization: rule.text("org"), role: role)
    }
  }

  private func issuing(_ declaration: Declaration) -> IssuingDefaults {
    guard let declared = declaration.object("issuing") else { return inherited.issuing }
    return IssuingDefaults(
      profile: declared.text("profile").flatMap(Profile.init) ?? inherited.issuing.profile,
      lifetime: declared.duration("lifetime") ?? inherited.issuing.lifetime)
  }

  // MARK: Files

  private func contents(_ name: String, at place: YAMLTree.Place) throws(DeclarationError) -> [UInt8] {
    do {
      return try read(resolved(name))
    } catch {
      guard let error = error as? any ExplainedError else {
        throw DeclarationError("\(name) can't be read", at: place, kind: .environment)
      }
      throw DeclarationError(error, at: place)
    }
  }

  private func resolved(_ name: String) -> String {
    Self.path(name, in: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
  }

  private static func path(_ name: String, in folder: String) -> String {
    name.hasPrefix("/") ? name : folder == "." ? name : "\(folder)/\(name)"
  }
}

extension RateLimits {
  fileprivate init(of declaration: Declaration?) {
    self.init(
      perIdentity: Self.rate(declaration?.text("perIdentity") ?? "10/m"),
      perAddress: Self.rate(declaration?.text("perAddress") ?? "100/m"))
  }

  private static func rate(_ text: String) -> Rate? { text == Rate.unlimited ? nil : Rate(text) }
}

extension RevocationTiming {
  fileprivate init(of declaration: Declaration?) {
    self.init()
    crlLifetime = declaration?.duration("crl") ?? crlLifetime
    ocspLifetime = declaration?.duration("ocsp") ?? ocspLifetime
  }
}

extension ServerLimits {
  fileprivate init(of declaration: Declaration?) {
    self.init()
    connections = declaration?.number("connections") ?? connections
    connectionsPerAddress = declaration?.number("connectionsPerAddress") ?? connectionsPerAddress
    handshakeTimeout = declaration?.duration("handshakeTimeout") ?? handshakeTimeout
    requestTimeout = declaration?.duration("requestTimeout") ?? requestTimeout
    idleTimeout = declaration?.duration("idleTimeout") ?? idleTimeout
    shutdownTimeout = declaration?.duration("shutdownTimeout") ?? shutdownTimeout
  }
}
