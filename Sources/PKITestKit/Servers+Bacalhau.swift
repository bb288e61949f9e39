package import Foundation

extension ServerProcess {
  /// The NATS server of an orchestrator, set up from its configuration as Bacalhau sets up the one inside it: pair and
  /// token, no client certificates, any address. The port is the configuration's.
  /// - Parameter folder: what was delivered to the machine; installed paths are looked for here by their last part.
  package static func bacalhau(configuration: String, in folder: URL) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let program = """
      import json, os, sys, yaml
      folder = sys.argv[1]
      orchestrator = yaml.safe_load(open(os.path.join(folder, sys.argv[2])))["Orchestrator"]
      tls = orchestrator["TLS"]
      installed = lambda path: os.path.join(folder, os.path.basename(path))
      json.dump({
        "host": orchestrator.get("Host", "0.0.0.0"), "port": orchestrator["Port"],
        "authorization": {"token": orchestrator["Auth"]["Token"]},
        "tls": {"cert_file": installed(tls["ServerCert"]), "key_file": installed(tls["ServerKey"]), "timeout": 60},
      }, sys.stdout)
      """
    let made = try Tool.require(buildToolsPython, ["-c", program, folder.path, configuration])
    // NATS's own format is a superset of JSON.
    try made.stdout.write(to: directory.file("nats.conf"))
    let port = (try JSONSerialization.jsonObject(with: made.stdout) as? [String: Any])?["port"] as? Int
    guard let port else { throw Tool.Failure(description: "the configuration names no port") }
    return try ServerProcess(
      Launch(program: "nats-server", arguments: ["-c", directory.file("nats.conf").path], directory: directory),
      port: port)
  }

  /// The Python that has the packages of scripts/install-tools. Its path isn't standardized: that follows the link which
  /// tells it where they are.
  package static let buildToolsPython = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(".build-tools/bin/python").path
}
