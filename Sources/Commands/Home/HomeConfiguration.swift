import Credentials
import Formats

/// HOME/config.yaml: defaults, and who may get what.
struct HomeConfiguration {
  struct Defaults {
    var lifetime: Duration = .seconds(90 * 86_400)
    var key: KeyKind = .p256
    var profile: Profile = .node
  }

  var defaults = Defaults()
  var policy: IssuancePolicy = .unrestricted

  init() {}

  static let fields: [Field] = [
    Field(
      "defaults",
      .object([
        Field("lifetime", .text(.duration), "How long certificates are valid; 90d."),
        Field("key", .choice(KeyKind.allCases.map(\.rawValue)), "The kind of key that `issue` makes; p256."),
        Field("profile", .choice(Profile.allCases.map(\.rawValue)), "What certificates may be used for; node."),
      ]), "What holds where a command says nothing else."),
    IssuancePolicy.field,
  ]

  /// - Throws: ``DeclarationErrors`` with file, line and column; ``FileFailure``.
  static func load(_ path: String) throws -> HomeConfiguration {
    guard OutputFiles.exists(path) else { return HomeConfiguration() }
    let file = DeclaredFile(path: path, advice: "docs/configuration.md lists what may stand here")
    guard let declaration = try file.read(try InputFile.read(path, limit: 1 << 20), fields: fields) else {
      return HomeConfiguration()
    }
    do throws(DeclarationError) {
      return try HomeConfiguration(declaration, path: path)
    } catch {
      throw file.errors([error])
    }
  }

  private init(_ declaration: Declaration, path: String) throws(DeclarationError) {
    if let declared = declaration.object("defaults") {
      defaults.lifetime = declared.duration("lifetime") ?? defaults.lifetime
      defaults.key = declared.text("key").flatMap(KeyKind.init) ?? defaults.key
      defaults.profile = declared.text("profile").flatMap(Profile.init) ?? defaults.profile
    }
    policy = try IssuancePolicy(of: declaration, path: path) ?? policy
  }

  /// What a new home's file says: nothing yet, with an example of everything.
  static let template = """
    # Defaults and policy of this authority. What is left out keeps its default.
    #
    # defaults: {lifetime: 90d, key: p256, profile: node}
    #
    # A request is allowed by the first rule that permits all of it. Without any rule, whoever holds the passphrase
    # of the CA key decides. Names are patterns (* stands for any run of characters) or address ranges.
    #
    # policy:
    #   - {names: ["*.agents.example", 10.0.0.0/8], orgs: [ORG1], keys: [p256, rsa4096], profiles: [node], longest: 90d}

    """
}
