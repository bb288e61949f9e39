import ArgumentParser
import Credentials
import Foundation

/// The names that a new authority may certify.
struct ConstraintOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Certify only DNS names at or below this suffix (repeatable).", valueName: "suffix"))
  var permitDns: [String] = []

  @Option(help: ArgumentHelp("Certify only addresses in this range (repeatable).", valueName: "cidr"))
  var permitIp: [String] = []

  @Option(
    help: ArgumentHelp(
      "Certify only URIs of this host, or below it with a leading dot (repeatable).", valueName: "host"))
  var permitUri: [String] = []

  @Option(help: ArgumentHelp("Certify only subjects of this organization.", valueName: "org"))
  var permitOrg: String?

  @Option(help: ArgumentHelp("How many authorities may stand below this one in a chain.", valueName: "n"))
  var maxPath: Int?

  func validate() throws {
    if let maxPath, !(0...16).contains(maxPath) { throw ValidationError("--max-path is a number from 0 to 16") }
  }

  func plan(name: String, organization: String?, lifetime: Duration) throws -> AuthorityPlan {
    let constraints = try AuthorityConstraints(
      dns: permitDns, ipText: permitIp, uri: permitUri, organization: permitOrg)
    return AuthorityPlan(
      name: name, organization: organization, lifetime: lifetime, maxPathLength: maxPath, constraints: constraints)
  }
}

extension AuthorityConstraints {
  /// What consumers make of the limits, where that may surprise.
  var warnings: [String] {
    guard organization != nil else { return [] }
    return ["programs written in Go (nats-server, Kubernetes) refuse every chain with a limit on the organization"]
  }
}

extension KeyKind: ExpressibleByArgument {}
extension Profile: ExpressibleByArgument {}
extension AdmissionKind: ExpressibleByArgument {}

/// A duration as operators write it.
struct DurationArgument: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    guard let duration = Duration(operatorText: argument), duration > .zero else { return nil }
    self.duration = duration
  }

  init(_ duration: Duration) { self.duration = duration }

  var defaultValueDescription: String { duration.operatorText }
}

extension DurationArgument {
  /// Holds `--for` against what an invitation and an access may last.
  func requireAccess() throws {
    guard (.seconds(60) ... .seconds(366 * 86_400)).contains(duration) else {
      throw ValidationError("--for is from a minute to 366 days")
    }
  }
}

/// A point in time, RFC 3339.
struct TimeArgument: ExpressibleByArgument {
  let date: Date

  init?(argument: String) {
    let plain = Date.ISO8601FormatStyle()
    let fractional = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    guard let date = (try? plain.parse(argument)) ?? (try? fractional.parse(argument)) else { return nil }
    self.date = date
  }
}
