import Credentials
import Formats

// Rules whose schema was checked.

extension IdentityRules {
  init(_ declared: Declaration) throws(DeclarationError) {
    self.init(allow: try Self.rules("allow", in: declared), deny: try Self.rules("deny", in: declared))
  }

  private static func rules(_ key: String, in declared: Declaration) throws(DeclarationError) -> [IdentityRule] {
    var rules: [IdentityRule] = []
    for rule in declared.objects(key) { rules.append(try IdentityRule(rule)) }
    return rules
  }
}

extension IdentityRule {
  init(_ declared: Declaration) throws(DeclarationError) {
    let conditions = try Self.conditions(declared)
    let isAny = declared.flag("any") ?? false
    guard isAny || !conditions.isEmpty else {
      throw DeclarationError(
        "the rule has no condition",
        advice: "name cn, org, dns, ip, uri, fingerprint or issuer, or say any: true", at: declared.place)
    }
    guard !isAny || conditions.isEmpty else {
      throw DeclarationError(
        "any stands beside other conditions", advice: "leave it out: with it the rule would match everybody",
        at: declared.place(of: "any"))
    }
    self.init(name: declared.text("name"), isAny ? [.any] : conditions)
  }

  private static func conditions(_ declared: Declaration) throws(DeclarationError) -> [IdentityCondition] {
    var conditions: [IdentityCondition] = []
    if let text = declared.text("cn") { conditions.append(.commonName(Wildcard(text))) }
    if let text = declared.text("org") { conditions.append(.organization(Wildcard(text))) }
    if let text = declared.text("dns") { conditions.append(.dns(DNSPattern(text))) }
    if let text = declared.text("ip") {
      guard let range = IPRange(text) else {
        throw DeclarationError("\"\(text)\" is not an address range", at: declared.place(of: "ip"))
      }
      conditions.append(.address(range))
    }
    if let text = declared.text("uri") { conditions.append(.uri(Wildcard(text))) }
    if let text = declared.text("fingerprint") {
      guard let digits = IdentityCondition.digits(ofFingerprint: text) else {
        throw DeclarationError("\"\(text)\" is not a fingerprint", at: declared.place(of: "fingerprint"))
      }
      conditions.append(.fingerprint(digits))
    }
    if let text = declared.text("issuer") { conditions.append(.issuer(Wildcard(text))) }
    return conditions
  }
}
