import Formats
import Router
import Testing

@Suite("mistakes in router.yaml")
struct RouterMistakeTests {
  private static let listener = "name: l, listen: \"unix:/s\", to: c"

  static let mistakes: [Mistake] = [
    Mistake("§listeners: []", "the key \"clusters\" is missing"),
    Mistake("listeners: §[]\n\(RouterYAML.backend)", "the router has no listeners"),
    .listener("\(listener)}, {name: §l, listen: \"unix:/t\", to: c", "a second listener is called \"l\""),
    .listener(
      "\(listener)}, {name: m, listen: §\"unix:/s\", to: c",
      "unix:/s is taken: listener \"l\" listens there already"),
    .listener(
      "name: l, listen: \"[0:0::1]:5\", to: c}, {name: m, listen: §\"[::1]:5\", to: c",
      "[::1]:5 is taken: listener \"l\" listens there already"),
    Mistake(
      "admin: /s\nlisteners: [{name: l, listen: §\"unix:/s\", to: c}]\n\(RouterYAML.backend)",
      "unix:/s is taken: admin listens there already"),
    Mistake(
      "admin: §/\(String(repeating: "a", count: 107))\nlisteners: [{\(listener)}]\n\(RouterYAML.backend)",
      "the path of a socket has 107 bytes at most"),
    Mistake("workers: §0\nlisteners: [{\(listener)}]\n\(RouterYAML.backend)", "0 is not within 1 to 256"),
    Mistake("user: §\"\"\nlisteners: [{\(listener)}]\n\(RouterYAML.backend)", "\"\" is not a valid name: an account"),
    Mistake("group: §-1\nlisteners: [{\(listener)}]\n\(RouterYAML.backend)", "\"-1\" is not a valid name: an account"),
    Mistake("drain: §soon\nlisteners: [{\(listener)}]\n\(RouterYAML.backend)", "\"soon\" is not a valid duration"),
    Mistake("log: {access: §some}\nlisteners: [{\(listener)}]\n\(RouterYAML.backend)", "unknown value \"some\""),

    .cluster("name: c, endpoints: [\"a:1\"], §endpoint: b", "unknown key \"endpoint\""),
    .cluster("name: c, endpoints: [\"a:1\"]}, {name: §c, endpoints: [\"a:1\"]", "a second cluster is called \"c\""),
    .cluster("name: c, endpoints: §[]", "the cluster has no endpoints"),
    .cluster("name: c, endpoints: [\"a:1\", §\"A:1\"]", "a:1 stands twice"),
    .cluster("name: c, endpoints: [§\"a:0\"]", "\"a:0\" is not a valid endpoint: endpoints are written"),
    .cluster("name: c, endpoints: [§\"srv:pg._tcp.a\"]", "\"srv:pg._tcp.a\" is not a valid endpoint"),
    .cluster("name: c, endpoints: [§\"srv:_pg._tcp\"]", "\"srv:_pg._tcp\" is not a valid endpoint"),
    .cluster("name: c, endpoints: [\"a:1\"], tls: §{name: a}", "the key \"trust\" is missing"),
    .cluster("name: c, endpoints: [\"a:1\"], tls: {trust: t, name: §\"*.a.b\"}", "\"*.a.b\" is not a valid host"),
    .cluster("name: c, endpoints: [\"a:1\", §\"unix:/b\"], tls: {trust: t}", "unix:/b says no name"),
    .cluster(
      "name: c, endpoints: [§\"srv:_pg._tcp.a\"], tls: {trust: t}", "srv:_pg._tcp.a leads to names that DNS says"),
    .cluster("name: c, endpoints: [\"a:1\"], tls: {trust: t, whenStale: §open}", "whenStale is for a CRL"),
    .cluster("name: c, endpoints: [\"a:1\"], tls: {trust: t, max: §\"1.2\"}", "max 1.2 is below min 1.3"),
    .cluster("name: c, endpoints: [\"a:1\"], health: §{every: 1s}", "the key \"kind\" is missing"),
    .cluster("name: c, endpoints: [\"a:1\"], health: {kind: §tls}", "a handshake is to succeed"),
    .cluster(
      "name: c, endpoints: [\"a:1\"], protocol: postgres, health: {kind: §http}", "a server that speaks postgres"),
    Mistake(
      "listeners: [{name: l, listen: \"unix:/s\", protocol: http, routes: [{to: §c}]}]\nclusters: [{name: c, endpoints: [\"a:1\"], protocol: postgres}]",
      "requests can't go to \"c\", which speaks postgres"),
    Mistake(
      "listeners: [{name: l, listen: \"unix:/s\", to: c}]\nclusters: [{name: c, endpoints: [\"a:1\"], answerTimeout: §1s}]",
      "answerTimeout is for answers of HTTP"),
    .cluster("name: c, endpoints: [\"a:1\"], answerTimeout: §1", "\"1\" is not a valid duration"),
    .cluster("name: c, endpoints: [\"a:1\"], health: {kind: tcp, path: §/a}", "path is for kind: http"),
    .cluster("name: c, endpoints: [\"a:1\"], health: {kind: http, status: §[]}", "no answer would count as health"),
    .cluster("name: c, endpoints: [\"a:1\"], health: {kind: http, status: [§99]}", "99 is not within 100 to 599"),
    .cluster("name: c, endpoints: [\"a:1\"], retries: §6", "6 is not within 0 to 5"),
    .cluster("name: c, endpoints: [\"a:1\"], proxyProtocol: §v1", "unknown value \"v1\""),
    .cluster("name: c, endpoints: [\"a:1\"], outlier: {for: §1}", "\"1\" is not a valid duration"),
  ]

  @Test("each is named with its line and column, and with what to do", arguments: RouterMistakeTests.mistakes)
  func mistake(_ mistake: Mistake) {
    let errors = RouterYAML.errors(mistake.yaml)
    #expect(errors.count == 1, "\(errors.map(\.message))")
    let message = errors.first?.message ?? "accepted"
    #expect(message.hasPrefix(mistake.message), "\(message)")
    #expect(errors.first?.hint?.isEmpty == false)
  }

  @Test("durations name the units that there are")
  func durations() {
    for text in ["30", "500ms", "1,5h", "0s", "soon"] {
      let yaml = "drain: \(text)\n" + RouterYAML.listener(Self.listener)
      let message = RouterYAML.errors(yaml).first?.message ?? "accepted"
      #expect(message.contains("30s, 5m, 12h, 90d, 2w, 1y or 1h30m"), "\(text): \(message)")
    }
    for text in ["30s", "5m", "12h", "90d", "2w", "1y", "1h30m"] {
      #expect(RouterYAML.errors("drain: \(text)\n" + RouterYAML.listener(Self.listener)).isEmpty, "\(text)")
    }
  }

  @Test(
    "slips that the general reader would misunderstand have advice of their own",
    arguments: [
      ("[{ou: robots}]", "organisational units aren't matched: org is the organisation"),
      ("[{o: ORG1}]", "the organisation is org"),
      ("[{san: a.example}]", "alternative names are dns, ip and uri"),
      ("[{cn: *robot}]", "a value that begins with * stands in quotes"),
      ("[{cn: *-robots, org: ORG1}]", "a value that begins with * stands in quotes"),
      ("[{cn: *robot.example}]", "a value that begins with * stands in quotes"),
      ("[{dns: *.example.org}]", "a value that begins with * stands in quotes"),
      ("[{cn: @robot}]", "a value that begins like this stands in quotes"),
    ])
  func slip(allow: String, advice: String) {
    let errors = RouterYAML.errors(
      RouterYAML.listener(
        "name: l, listen: \"[::]:443\", to: c, identity: {cert: a, key: b}, clients: {trust: t, allow: \(allow)}"))
    #expect(errors.count == 1 && errors.first?.hint?.hasPrefix(advice) == true, "\(errors)")
    #expect(errors.first?.place?.line == 1)
  }

  @Test("a tab is told from what else can't begin a value")
  func tab() {
    let errors = RouterYAML.errors("listeners:\n\t- {\(Self.listener)}\n\(RouterYAML.backend)")
    #expect(errors.map(\.hint) == ["here is a tab, and YAML is indented by spaces"])
    #expect(errors.first?.place?.line == 2)
  }

  @Test("all of them are told at once, in the order of the file")
  func several() {
    let errors = RouterYAML.errors(
      """
      clusters: [{name: c, endpoints: []}]
      listeners:
        - {name: l, listen: "0.0.0.0:80", to: d}
        - {name: l, listen: "unix:/s", to: c, routes: [{to: c}]}
      """)
    #expect(
      errors.map(\.problem) == [
        "the cluster has no endpoints", "no TLS on 0.0.0.0:80, which other machines reach", "there is no cluster \"d\"",
        "a second listener is called \"l\"",
        "routes are for http and passthrough: tcp has nothing to be told apart by",
      ])
    #expect(errors.map(\.place?.line) == [1, 3, 3, 4, 4])
  }

  @Test("a misspelt cluster is guessed, and an empty file is pointed to the example")
  func advice() {
    let yaml = """
      listeners: [{name: l, listen: "unix:/s", to: broker}]
      clusters: [{name: brokers, endpoints: ["a:1"]}]
      """
    #expect(RouterYAML.errors(yaml).map(\.hint) == ["did you mean \"brokers\"?"])
    #expect(RouterYAML.errors("").map(\.hint) == ["Examples/router/ holds one to begin with"])
  }
}
