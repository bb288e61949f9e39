import Credentials
import Formats
import Systems
import Testing

@Suite("a Substra entry of a fleet file")
struct SubstraDeclarationTests {
  private let fixture: SubstraFixture

  init() throws { fixture = try SubstraFixture() }

  @Test("the orchestrator's certificate names every host that is dialled, and backends are named by their MSP ID")
  func nodes() throws {
    let system = try fixture.system()
    let nodes = try system.checkedNodes(fixture.workbench.supply(system, files: fixture.files).files)
    #expect(nodes.map(\.name) == ["orchestrator", "MyOrg1MSP"])
    #expect(
      nodes[0].identity.names.map(\.text) == [
        "orchestrator.example.org", "orchestrator-server", "orchestrator-server.orchestrator",
        "orchestrator-server.orchestrator.svc", "orchestrator-server.orchestrator.svc.cluster.local",
      ])
    #expect(nodes[1].identity.commonName == "backend.org-1.example.org")
    #expect(nodes[1].identity.organization == "MyOrg1MSP")
    #expect(nodes.allSatisfy { $0.profile == .node })
  }

  @Test("an ingress of another host, and overridden names, stand in the certificate too")
  func overrides() throws {
    var fixture = fixture
    fixture.files["orchestrator-values.yaml"] = """
      ingress: {hostname: substra.example.com}
      orchestrator: {fullnameOverride: orc}
      """
    let entry = SubstraFixture.entry.replacing(
      "host: orchestrator.example.org,", with: "host: 10.1.2.3, ingressHost: in.example,")
    let system = try fixture.system(entry)
    let files = InputFiles(fixture.files.mapValues { Array($0.utf8) })
    let names = try #require(try system.nodes(files).first).identity.names.map(\.text)
    #expect(
      names == [
        "10.1.2.3", "in.example", "substra.example.com", "orc", "orc.orchestrator", "orc.orchestrator.svc",
        "orc.orchestrator.svc.cluster.local",
      ])
  }

  @Test("an MSP ID that only the values file names is taken from there")
  func organizationFromValues() throws {
    let entry = SubstraFixture.entry.replacing("org: MyOrg1MSP, ", with: "")
    let nodes = try fixture.system(entry).nodes(InputFiles(fixture.files.mapValues { Array($0.utf8) }))
    #expect(nodes.map(\.name) == ["orchestrator", "MyOrg1MSP"])
  }

  @Test("an MSP ID that the values file gives otherwise is refused, and both are named")
  func organizationDiffers() throws {
    let error = try fixture.failure(SubstraFixture.entry.replacing("MyOrg1MSP", with: "MyOrgMSP"))
    #expect(
      error.problem
        == "the fleet file says org: MyOrgMSP, and backend-values.yaml says orchestrator.mspID: MyOrg1MSP")
    #expect(error.kind == .refused)
    #expect(error.place?.line == 5)
  }

  @Test(
    "what a schema can't say is said with its place",
    arguments: [
      ("release: backend-org-1, ", "", "the key \"release\" is missing", 5),
      ("chart: 26.15.3, ", "", "the key \"chart\" is missing", 5),
      ("org: MyOrg1MSP, ", "org: my.org, ", "can't make a volume for the MSP ID \"my.org\"", 5),
      ("org: MyOrg1MSP, ", "org: AVeryLongOrganizationNameIndeedMSP, ", "in kebab-case it has 40 characters", 5),
      ("chart: 8.8.0", "chart: 4.0.1", "the chart 4.0.1 has other values", 2),
      ("chart: 26.15.3", "chart: 12.0.0", "the chart 12.0.0 has other values", 5),
      ("host: orchestrator.example.org", "host: '*.example.org'", "\"*.example.org\" can't be dialled", 2),
      ("host: backend.org-1.example.org", "host: '*.example.org'", "\"*.example.org\" can't be dialled", 5),
      ("values: orchestrator-values.yaml", "clientCAs: {Org3MSP: []}", "no CA is named for Org3MSP", 3),
      ("values: orchestrator-values.yaml", "values: none.yaml", "there is no file none.yaml", 3),
      ("org: MyOrg1MSP, ", "org: orchestrator, ", "two nodes are named \"orchestrator\"", 5),
      (
        "release: orchestrator,", "release: orchestrator-with-a-name-that-is-much-longer-than-helm-takes,",
        "is longer than 53 characters", 2
      ),
    ])
  func refusals(text: String, replacement: String, problem: String, line: Int) throws {
    var fixture = fixture
    fixture.files["backend-values.yaml"] = "settings: prod\n"
    let error = try fixture.failure(SubstraFixture.entry.replacing(text, with: replacement))
    #expect(error.problem.contains(problem))
    #expect(error.place?.line == line)
    #expect(error.advice != nil || problem.contains("missing"))
  }

  @Test("an unknown key is refused by the schema, with the known one that is nearest")
  func schema() throws {
    let error = try fixture.failure(
      SubstraFixture.entry.replacing("ingress", with: "").replacing("chart: 8.8.0", with: "chrat: 8.8.0"))
    #expect(error.problem == "unknown key \"chrat\"" && error.advice == "did you mean \"chart\"?")
  }

  @Test("two backends in one namespace would take each other's Secret")
  func namespaces() throws {
    let second = "\n  - {org: MyOrg2MSP, release: backend-org-2, namespace: org-1, chart: 26.15.3, host: b.example}"
    let error = try fixture.failure(SubstraFixture.entry + second)
    #expect(error.problem == "two backends have the namespace \"org-1\": the other stands in line 5")
    #expect(error.advice?.contains("orchestrator-client-cert") == true)
  }

  @Test("MSP IDs that become one volume are refused")
  func volumes() throws {
    let second = "\n  - {org: my-org1-MSP, release: backend-org-2, namespace: org-2, chart: 26.15.3, host: b.example}"
    let error = try fixture.failure(SubstraFixture.entry + second)
    #expect(error.problem.contains("\"MyOrg1MSP\" and \"my-org1-MSP\" both become the volume \"my-org1-msp\""))
    var fixture = fixture
    fixture.files["orchestrator-values.yaml"] = "orchestrator: {tls: {mtls: {clientCACerts: {my-org1-msp: [a]}}}}\n"
    let known = try fixture.failure(SubstraFixture.entry)
    #expect(known.problem.contains("\"MyOrg1MSP\" and \"my-org1-msp\""))
  }

  @Test("a values file that can't be read is named, with line and column")
  func unreadable() throws {
    var fixture = fixture
    fixture.files["backend-values.yaml"] = "orchestrator:\n  host: [\n"
    #expect(try fixture.failure(SubstraFixture.entry).message.hasPrefix("backend-values.yaml:"))
    fixture.files["backend-values.yaml"] = "- a\n"
    let list = try fixture.failure(SubstraFixture.entry)
    #expect(list.message == "backend-values.yaml:1:1: a mapping is expected here, and there is a list")
    fixture.files["backend-values.yaml"] = "a: 1\n---\nb: 2\n"
    #expect(try fixture.failure(SubstraFixture.entry).message.contains("it holds 2 documents"))
  }
}
