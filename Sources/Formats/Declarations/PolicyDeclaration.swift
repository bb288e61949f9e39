package import Credentials

/// The key `policy` of config.yaml and orchestrator.yaml.
extension IssuancePolicy {
  package static let field = Field(
    "policy", .list(.object(PolicyRule.fields)),
    "Who may get what: a request is allowed by the first rule that permits all of it.")

  /// Nil where the file says nothing of it.
  /// - Parameter path: of the file, for the names of rules in refusals.
  package init?(of declaration: Declaration, path: String) throws(DeclarationError) {
    guard declaration.tree["policy"] != nil else { return nil }
    let rules = declaration.objects("policy")
    guard !rules.isEmpty else {
      throw DeclarationError("policy has no rules: nothing could be signed", at: declaration.place(of: "policy"))
    }
    self.init(rules: rules.enumerated().map { PolicyRule($1, number: $0 + 1, path: path) })
  }
}

extension PolicyRule {
  package static let fields: [Field] = [
    Field("name", .text(.any), "How refusals and events call the rule; by default its number."),
    Field(
      "names", .list(.text(.any)),
      "Patterns (`*` stands for any run of characters) and address ranges that the common name and each alternative name must match; any."
    ),
    Field("orgs", .list(.text(.any)), "Organisations, exactly; any, or none."),
    Field("keys", .list(.choice(KeyKind.allCases.map(\.rawValue))), "Kinds of key; any of these."),
    Field("profiles", .list(.choice(Profile.allCases.map(\.rawValue))), "Profiles; any."),
    Field("admissions", .list(.choice(AdmissionKind.allCases.map(\.rawValue))), "Ways in which a request came; any."),
    Field("longest", .text(.duration), "The longest lifetime; any that the issuer outlives."),
  ]

  /// A rule whose schema was checked.
  init(_ declaration: Declaration, number: Int, path: String) {
    let name = declaration.text("name").map { "\"\($0)\"" } ?? "\(number)"
    self.init(
      label: "\(name) (\(path):\(declaration.place.line))",
      names: declaration.list("names")?.map(NamePattern.init), organizations: declaration.list("orgs"),
      keys: declaration.list("keys")?.compactMap(KeyKind.init),
      profiles: declaration.list("profiles")?.compactMap(Profile.init),
      admissions: declaration.list("admissions")?.compactMap(AdmissionKind.init),
      longest: declaration.duration("longest"))
  }
}

extension Declaration {
  /// The texts of a list, where there is one: an empty list is not the same as none.
  package func list(_ key: String) -> [String]? { tree[key]?.items?.compactMap(\.text) }
}
