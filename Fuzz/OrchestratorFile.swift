import Enrolment
import Formats
import Orchestrator

/// orchestrator.yaml, and with it the files that it names: they are what follows the first `---`.
func fuzzOrchestratorFile(_ bytes: [UInt8]) {
  let mark = Array("\n---\n".utf8)
  let end = bytes.indices.first { bytes[$0...].starts(with: mark) } ?? bytes.count
  let named = Array(bytes.dropFirst(end + mark.count))
  let file = OrchestratorConfigurationFile(path: "orchestrator.yaml", home: "home") { _ in named }
  do throws(DeclarationErrors) {
    let configuration = try file.parse(Array(bytes[..<end]))
    require((0...65535).contains(configuration.listen.port), "no port")
    require(configuration.publicURL?.hasPrefix("http://") != false, "a public URL that isn't plain HTTP")
    require(configuration.admission.partners.allSatisfy { !$0.trust.isEmpty && !$0.dns.isEmpty }, "an open partner")
    require(configuration.limits.perAddress.map { $0.count > 0 && $0.interval > .zero } != false, "an empty rate")
  } catch {
    for error in error.all { require(!error.message.isEmpty, "an error says nothing") }
  }
}
