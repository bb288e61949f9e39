import Credentials
import Formats
import Systems
import Testing

@Suite("Choreo Connect's fleet entry")
struct ChoreoConnectDeclarationTests {
  private let bench: Workbench

  init() throws { bench = try Workbench() }

  private func refusal(_ yaml: String) throws -> String {
    do {
      _ = try bench.choreo(yaml)
      return "accepted"
    } catch let error as FleetError {
      return error.inFile("f").message
    }
  }

  @Test("the router has RSA and all names of its components; a backend has its endpoint's host and RSA-2048")
  func nodes() throws {
    let nodes = try bench.choreo().nodes(InputFiles())
    #expect(nodes.map(\.name) == ["router", ChoreoFixtures.host])
    #expect(nodes[0].identity.names.map(\.text) == ["router", "adapter", "enforcer", "localhost"])
    #expect(nodes[0].profile == .node)
    #expect(nodes[1].identity.commonName == ChoreoFixtures.host)
    #expect(nodes[1].identity.names.map(\.description) == ["DNS:backend.example.org"])
    #expect(nodes[1].profile == .server)
    #expect(nodes.map(\.key) == [.rsa2048, .rsa2048])
  }

  @Test("a declared kind of key wins for backends, and for the router only where it is RSA")
  func keys() throws {
    var defaults = FleetDefaults()
    let tree = try #require(try YAMLTree.document(Array(ChoreoFixtures.entry.utf8)))
    defaults.key = .p256
    #expect(
      try ChoreoConnect(Declaration(tree), defaults: defaults).nodes(InputFiles()).map(\.key) == [.rsa2048, .p256])
    defaults.key = .rsa4096
    #expect(
      try ChoreoConnect(Declaration(tree), defaults: defaults).nodes(InputFiles()).map(\.key) == [.rsa4096, .rsa4096])
  }

  @Test("an endpoint may be an address, and keeps port and folder apart where hosts are shared")
  func endpoints() throws {
    let system = try bench.choreo(
      """
      kind: choreo-connect
      router: {home: cc, trust: global}
      backends:
        - {endpoint: "https://10.0.0.7/"}
        - {endpoint: "https://[fd00::1]:8443"}
        - {endpoint: "https://a.example"}
        - {endpoint: "https://a.example:8443"}
        - {endpoint: "https://router:1"}
        - {endpoint: "https://A.example/other"}
      """)
    let nodes = try system.nodes(InputFiles())
    #expect(
      nodes.map(\.name)
        == ["router", "10.0.0.7", "fd00::1", "a.example-443", "a.example-8443", "router-1"])
    #expect(nodes[1].identity.names.map(\.description) == ["IP:10.0.0.7"])
    #expect(nodes[2].identity.names.map(\.description) == ["IP:fd00::1"])
  }

  @Test(
    "what is no endpoint is refused with its place",
    arguments: [
      ("http://a.example", "http is not protected by TLS"), ("a.example:9443", "it is no URL"),
      ("https://my_backend:9443", "no certificate can name the host \"my_backend\""),
      ("https://*.example.org", "no certificate can name the host \"*.example.org\""),
      ("https://a.example:99999", "its port is none"), ("https://a.example:", "its port is none"),
      ("https://me:pw@a.example", "a user's name or password doesn't belong here"),
      ("https://", "no certificate can name the host \"\""), ("https://[::1", "its port is none"),
    ])
  func noEndpoint(url: String, reason: String) throws {
    let yaml = """
      kind: choreo-connect
      router: {home: cc, trust: global}
      backends:
        - {endpoint: "\(url)"}
      """
    #expect(try refusal(yaml) == "f:4:16: \"\(url)\" is no endpoint: \(reason)")
  }

  @Test(
    "what can't work together is refused",
    arguments: [
      ("tls: {min: TLS1_3, max: TLS1_2}", "", "min (TLS1_3) is above max (TLS1_2): nothing would be offered"),
      (
        "tls: {min: TLS1_3, ciphers: [AES128-SHA]}", "",
        "ciphers are those of TLS 1.2 and before, and only TLS 1.3 is offered"
      ),
      ("tls: {ciphers: [AES128-SHA1]}", "", "the router knows no cipher \"AES128-SHA1\""),
      ("bundle: ca.crt", "", "a bundle is read with trust: global only"),
      ("", "accepts: router", "only a Java trust store can hold the router's certificate alone"),
      (
        "", "truststore: {path: store.bin, passwordFile: pw}",
        "the format of store.bin can't be told from its ending"
      ),
      ("", "selfSigned: true, csr: b.csr", "selfSigned excludes csr and certificate"),
      ("", "key: b.key", "a key without its certificate"),
    ])
  func contradictions(router: String, backend: String, message: String) throws {
    let refusal = try refusal(ChoreoFixtures.entry(router: router, backend: backend))
    #expect(refusal.hasSuffix(": \(message)"), "\(refusal)")
    #expect(refusal.hasPrefix("f:"))
  }

  @Test("unknown keys, versions and ways of trust are refused by the schema, with the nearest word")
  func schema() throws {
    let tree = try #require(
      try YAMLTree.document(
        Array(ChoreoFixtures.entry(router: "tls: {min: TLS1_4}, host: [a]", trust: "projekt").utf8)))
    let errors = Schema.variants([(ChoreoConnect.kind, ChoreoConnect.fields)]).errors(in: tree)
    #expect(
      errors.map(\.message) == ["unknown value \"projekt\"", "unknown value \"TLS1_4\"", "unknown key \"host\""])
    #expect(errors.compactMap(\.hint).contains("did you mean \"project\"?"))
    #expect(errors.compactMap(\.hint).contains("did you mean \"hosts\"?"))
  }

  @Test("one server with two APIs is one node; what it says of the server, it says once")
  func sharedServer() throws {
    let twice = """
      kind: choreo-connect
      router: {home: cc}
      backends:
        - {endpoint: "https://a.example:9443/one", api: One}
        - {endpoint: "https://a.example:9443/two", api: Two%}
      """
    let system = try bench.choreo(twice.replacing("%", with: ""))
    #expect(try system.nodes(InputFiles()).map(\.name) == ["router", "a.example"])
    let refusal = try refusal(twice.replacing("%", with: ", selfSigned: true"))
    #expect(refusal == "f:5:68: the server a.example:9443 stands in line 4 already")
  }

  @Test("APIs need names that can be folders, and differ in more than case")
  func apiNames() throws {
    func yaml(_ first: String, _ second: String) -> String {
      """
      kind: choreo-connect
      router: {home: cc}
      backends:
        - {endpoint: "https://a.example", api: "\(first)"}
        - {endpoint: "https://b.example", api: "\(second)"}
      """
    }
    #expect(try refusal(yaml("Pets", "pets")) == "f:5:42: the APIs Pets and pets would share a folder")
    #expect(try refusal(yaml("a/b", "c")) == "f:4:42: \"a/b\" can't be the name of an API")
    #expect(try refusal(yaml("a", "..")) == "f:5:42: \"..\" can't be the name of an API")
  }

  @Test("without an API, a backend needs the global bundle, which Kubernetes has no object for")
  func placement() throws {
    let yaml = "kind: choreo-connect\nrouter: {home: cc%}\nbackends: [{endpoint: \"https://a.example\"}]\n"
    #expect(try refusal(yaml.replacing("%", with: "")) == "f:3:12: no API is named for https://a.example")
    #expect(
      try refusal(yaml.replacing("%", with: ", trust: global, kubernetes: {namespace: cc}"))
        == "f:2:9: on Kubernetes there is no object for the global bundle")
    #expect(try refusal(yaml.replacing("%", with: ", trust: global")) == "accepted")
    #expect(
      try refusal("kind: choreo-connect\nrouter: {home: cc}\nbackends: []\n") == "f:3:11: there is no backend")
  }
}
