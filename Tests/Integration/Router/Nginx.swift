import Foundation
import PKITestKit

/// nginx behind a router: a port that demands certificates, and one each for HTTP/1.1 and HTTP/2 without TLS. It listens
/// on the same ports each time that it is started.
///
/// What it is asked, it answers with what it saw, a fact a line. What is put to `/files/` is there afterwards, and at
/// `/chunked/` without a length.
struct Nginx {
  let secure: Int
  let plain: Int
  let http2: Int
  private let workspace: Workspace
  private let folder: String

  /// - Parameter identity: the certificate that it shows, in `pki`.
  init(as identity: String, in workspace: Workspace) throws {
    self.workspace = workspace
    secure = try ServerProcess.freePort()
    plain = try ServerProcess.freePort()
    http2 = try ServerProcess.freePort()
    folder = "nginx-\(secure)"
    let pki = workspace.file("pki")
    let configuration = """
      daemon off; master_process off; pid nginx.pid; error_log stderr info;
      events { worker_connections 4096; }
      http {
        access_log off; keepalive_requests 1000000; client_max_body_size 100m;
        client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        server {
          listen 127.0.0.1:\(secure) ssl;
          listen 127.0.0.1:\(plain);
          listen 127.0.0.1:\(http2) http2;
          ssl_protocols TLSv1.2 TLSv1.3;
          ssl_certificate \(pki)/\(identity).crt;
          ssl_certificate_key \(pki)/\(identity).key;
          ssl_client_certificate \(pki)/ca.crt;
          ssl_verify_client on;
          add_header Framing "length=$http_content_length encoding=$http_transfer_encoding";
          location / { return 200 "\(Self.facts.map { "\($0) $\($1)" }.joined(separator: "\\n"))\\n"; }
          location /read { proxy_pass http://127.0.0.1:\(plain)/; }
          location /files/ { root html; dav_methods PUT; create_full_put_path on; }
          # What may be replaced in it has no length beforehand.
          location /chunked/ { alias html/files/; sub_filter "never in it" ""; sub_filter_types *; }
          location = /status { stub_status; }
        }
      }

      """
    try workspace.bash("mkdir -p \(folder)/html")
    try workspace.write(configuration, to: "\(folder)/nginx.conf")
  }

  private static let facts = [
    ("peer", "ssl_client_s_dn"), ("tls", "ssl_protocol"), ("host", "http_host"), ("port", "server_port"),
    ("target", "request_uri"), ("connection", "connection"), ("requests", "connection_requests"),
    ("certificate", "http_x_forwarded_client_cert"), ("for", "http_x_forwarded_for"),
  ]

  /// What an answer of it says.
  static func facts(_ answer: WebAnswer) -> [String: String] {
    let lines = answer.body.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
    let pairs = lines.filter { !$0.isEmpty }.map { ($0[0], $0.count > 1 ? $0[1] : "") }
    return Dictionary(pairs, uniquingKeysWith: { $1 })
  }

  /// Returns once it listens.
  func start() throws -> BackgroundProcess {
    let process = try BackgroundProcess(
      ["env"] + workspace.environment
        + ["nginx", "-e", "stderr", "-p", workspace.file(folder), "-c", workspace.file("\(folder)/nginx.conf")],
      in: workspace.path, log: workspace.directory.file("nginx-\(UInt32.random(in: .min ... .max)).log"))
    let end = Date().addingTimeInterval(180)
    // It says so after it has begun to listen.
    while !process.output.contains("event method") {
      guard Date() < end, process.isRunning else {
        throw Tool.Failure(description: "nginx doesn't listen:\n\(process.output)")
      }
      Thread.sleep(forTimeInterval: 0.02)
    }
    return process
  }

  /// How many requests it has had since its start, without this one.
  func requests() throws -> Int {
    let status = try workspace.bash("curl -s --noproxy '*' http://127.0.0.1:\(plain)/status").text
    let numbers = status.split(separator: "\n").dropFirst(2).first?.split(separator: " ").compactMap { Int($0) }
    guard let numbers, numbers.count == 3 else { throw Tool.Failure(description: "nginx says:\n\(status)") }
    return numbers[2] - 1
  }

  /// Whether something has come to the port that demands certificates which it hasn't read.
  func hasUnread() throws -> Bool {
    let suffix = String(format: ":%04X", secure)
    let table = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/net/tcp")).readToEnd() ?? Data()
    return String(decoding: table, as: UTF8.self).split(separator: "\n").contains { line in
      let fields = line.split(separator: " ")
      return fields.count > 4 && fields[1].hasSuffix(suffix) && fields[3] == "01" && !fields[4].hasSuffix(":00000000")
    }
  }
}
