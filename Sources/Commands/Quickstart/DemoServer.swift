import Diagnosis
import Foundation
import Glibc

/// An nginx of our own on a loopback port, which requires client certificates.
final class DemoServer {
  let endpoint: Endpoint
  private let folder: String
  private let process = Process()

  init(folder: String, identities: QuickstartIdentities) throws {
    self.folder = "\(folder)/nginx"
    endpoint = Endpoint(host: "127.0.0.1", port: try freePort())
    try OutputFiles.makeFolder(self.folder, holdsKeys: true)
    try OutputFiles.write(Array(configuration(identities).utf8), path: "\(self.folder)/nginx.conf")
  }

  func start(_ interruption: QuickstartInterruption) async throws {
    guard let nginx = findTool("nginx") else { throw missingTool("nginx") }
    process.executableURL = URL(fileURLWithPath: nginx)
    process.arguments = ["-p", folder, "-c", "\(folder)/nginx.conf", "-e", "\(folder)/error.log"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    interruption.add(process)
    for _ in 0..<100 {
      guard process.isRunning else { break }
      if isListening(endpoint.port) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    let log = (try? String(contentsOfFile: "\(folder)/error.log", encoding: .utf8)) ?? ""
    throw CommandError.environment("nginx did not start: \(log.split(separator: "\n").last ?? "no word in its log")")
  }

  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    process.waitUntilExit()
  }

  private func configuration(_ identities: QuickstartIdentities) -> String {
    """
    daemon off;
    worker_processes 1;
    pid nginx.pid;
    \(geteuid() == 0 ? "user root;" : "")
    events { worker_connections 64; }
    http {
      access_log off;
      client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
      server {
        listen \(endpoint.host):\(endpoint.port) ssl;
        ssl_protocols TLSv1.3;
        ssl_certificate \(identities.backendCertificate);
        ssl_certificate_key \(identities.backendKey);
        ssl_client_certificate \(identities.trustFile);
        ssl_verify_client on;
        ssl_verify_depth 2;
        error_page 495 496 = @refused;
        location @refused {
          default_type text/html;
          return 400 "<title>400 SSL certificate error: $ssl_client_verify</title>";
        }
        location / { return 200 "hello $ssl_client_s_dn\\n"; }
      }
    }
    """
  }
}

func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { throw CommandError.environment("no socket: \(String(cString: strerror(errno)))") }
  defer { close(descriptor) }
  var address = loopback(port: 0)
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let bound = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
    }
  }
  guard bound else { throw CommandError.environment("no free port on 127.0.0.1: \(String(cString: strerror(errno)))") }
  return Int(UInt16(bigEndian: address.sin_port))
}

private func isListening(_ port: Int) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var address = loopback(port: UInt16(port))
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

private func loopback(port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  return address
}

/// The path of a program; the folders of administrators' programs count too, though not on every user's PATH.
func findTool(_ name: String) -> String? {
  let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
  let folders = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/sbin"]
  return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
}

func missingTool(_ name: String) -> CommandError {
  .environment("\(name) is not installed", hint: "apt-get install \(name)")
}
