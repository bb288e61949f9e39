import Foundation
import Glibc

/// A real server for a test, listening on a free port of 127.0.0.1. It is ended, by its process ID, with its owner.
package final class ServerProcess: Sendable {
  package let port: Int
  private let process: BackgroundProcess
  private let keep: TemporaryDirectory

  /// How a server is started; `%PORT%` in arguments stands for the port.
  struct Launch {
    var program: String
    var arguments: [String]
    var directory: TemporaryDirectory
    /// PostgreSQL does not run as root.
    var user: String?
    /// What ends it without waiting for its clients.
    var signal = SIGTERM
  }

  /// Starts the program and returns once the port listens.
  init(_ launch: Launch, port: Int) throws {
    self.port = port
    keep = launch.directory
    let arguments = launch.arguments.map { $0.replacingOccurrences(of: "%PORT%", with: "\(port)") }
    process = try BackgroundProcess(
      Self.run(launch.program, as: launch.user) + arguments, in: launch.directory.path,
      log: launch.directory.file("server-\(port).log"), ending: launch.signal)
    try waitUntilListening(program: launch.program)
  }

  /// What the server printed so far.
  package var output: String { process.output }

  /// A port that nothing uses, on any address. It is none of those that the system gives to others by itself, and each
  /// is named once: whoever asked has time to use it.
  package static func freePort() throws -> Int {
    for _ in 0..<1000 {
      let port = ports.next()
      if isFree(port) { return port }
    }
    throw Tool.Failure(description: "no free port")
  }

  private static let ports = Ports()

  private final class Ports: @unchecked Sendable {
    /// Below those that Linux gives to connections and to who binds 0; the harness's scripts take the next ones.
    private static let range = 11_000..<24_000
    private let lock = NSLock()
    private var last = Int.random(in: Ports.range)

    func next() -> Int {
      lock.withLock {
        last = last + 1 < Self.range.upperBound ? last + 1 : Self.range.lowerBound
        return last
      }
    }
  }

  private static func isFree(_ port: Int) -> Bool {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { return false }
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    return withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  static func run(_ program: String, as user: String?) -> [String] {
    guard let user, geteuid() == 0 else { return [program] }
    return ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", program]
  }

  /// Reads a file of /proc, whose size is not known beforehand.
  private static func contents(_ path: String) -> String {
    guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.readToEnd() else { return "" }
    return String(decoding: data, as: UTF8.self)
  }

  /// Reads the kernel's table instead of connecting: a connection would count as the server's first client.
  private func waitUntilListening(program: String) throws {
    let digits = String(port, radix: 16, uppercase: true)
    let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
    let end = Date().addingTimeInterval(180)
    while Date() < end {
      for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let lines = Self.contents(table).split(separator: "\n")
        let isListening = lines.contains { line in
          let fields = line.split(separator: " ")
          return fields.count > 3 && fields[1].hasSuffix(suffix) && fields[3] == "0A"
        }
        if isListening { return }
      }
      guard process.isRunning else { throw Tool.Failure(description: "\(program) ended at once:\n\(output)") }
      Thread.sleep(forTimeInterval: 0.02)
    }
    throw Tool.Failure(description: "\(program) does not listen on port \(port):\n\(output)")
  }
}

// MARK: - The servers

extension ServerProcess {
  /// What every server needs: files with PEM.
  package struct Files: Sendable {
    package var certificate: String
    package var key: String
    /// The CAs of acceptable clients.
    package var clientAuthorities: String

    package init(certificate: String, key: String, clientAuthorities: String) {
      self.certificate = certificate
      self.key = key
      self.clientAuthorities = clientAuthorities
    }
  }

  /// `openssl s_server` with more flags, such as `-Verify 1 -verify_return_error`.
  package static func openssl(_ files: Files, _ flags: [String] = []) throws -> ServerProcess {
    let arguments = [
      "s_server", "-accept", "127.0.0.1:%PORT%", "-cert", files.certificate, "-key", files.key, "-quiet",
    ]
    return try ServerProcess(
      Launch(program: "openssl", arguments: arguments + flags, directory: TemporaryDirectory()), port: freePort())
  }

  /// nginx with TLS; `settings` are lines of its server block, such as `ssl_verify_client on;`.
  package static func nginx(_ files: Files, _ settings: String) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let port = try freePort()
    let configuration = """
      daemon off; master_process off; pid nginx.pid; error_log stderr info;
      events {}
      http {
        access_log off;
        client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fcgi; uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        server {
          listen 127.0.0.1:\(port) ssl;
          ssl_certificate \(files.certificate);
          ssl_certificate_key \(files.key);
          \(settings)
          location / { return 200 "hello\\n"; }
        }
      }
      """
    try Data(configuration.utf8).write(to: directory.file("nginx.conf"))
    let arguments = ["-e", "stderr", "-p", directory.path, "-c", directory.file("nginx.conf").path]
    return try ServerProcess(Launch(program: nginxProgram, arguments: arguments, directory: directory), port: port)
  }

  /// nats-server; `tls` are lines of its tls block beside certificate, key and CA, such as `verify: true`.
  package static func nats(_ files: Files, _ tls: String) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let port = try freePort()
    let configuration = """
      listen: "127.0.0.1:\(port)"
      tls {
        cert_file: "\(files.certificate)"
        key_file: "\(files.key)"
        ca_file: "\(files.clientAuthorities)"
        # Two seconds unless said: too few where many tests run at once.
        timeout: 60
        \(tls)
      }
      """
    try Data(configuration.utf8).write(to: directory.file("nats.conf"))
    return try ServerProcess(
      Launch(program: "nats-server", arguments: ["-c", directory.file("nats.conf").path], directory: directory),
      port: port)
  }

  /// PostgreSQL with a new cluster; `access` are the lines of pg_hba.conf, `roles` may log in.
  /// Without `files` it has no TLS.
  package static func postgres(_ files: Files?, access: String, roles: [String] = []) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let data = directory.file("data")
    let user = "postgres"
    try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
    var settings = "unix_socket_directories = ''\nfsync = off\nlc_messages = 'C'\n"
    if let files {
      for (name, source) in [
        ("server.crt", files.certificate), ("server.key", files.key), ("ca.crt", files.clientAuthorities),
      ] {
        try FileManager.default.copyItem(atPath: source, toPath: directory.file(name).path)
        settings +=
          ["server.crt": "ssl = on\nssl_cert_file", "server.key": "ssl_key_file", "ca.crt": "ssl_ca_file"][
            name, default: ""]
        settings += " = '\(directory.file(name).path)'\n"
      }
    }
    if geteuid() == 0 { try Tool.require("chown", ["-R", "\(user):\(user)", directory.path]) }
    if files != nil { try Tool.require("chmod", ["600", directory.file("server.key").path]) }
    let initdb = run(postgresProgram("initdb"), as: user)
    try Tool.require(
      initdb[0], initdb.dropFirst() + ["-D", data.path, "-U", user, "-A", "trust", "--no-sync", "--locale=C"],
      in: directory.url)
    try append(settings, to: data.appendingPathComponent("postgresql.conf"))
    try Data((access + "\n").utf8).write(to: data.appendingPathComponent("pg_hba.conf"))
    let server = postgresProgram("postgres")
    let single = run(server, as: user)
    let statements = roles.map { "CREATE ROLE \"\($0)\" LOGIN;\n" }.joined()
    try Tool.require(
      single[0], single.dropFirst() + ["--single", "-D", data.path, "postgres"], in: directory.url,
      input: Data(statements.utf8))
    let arguments = ["-D", data.path, "-h", "127.0.0.1", "-p", "%PORT%"]
    return try ServerProcess(
      Launch(program: server, arguments: arguments, directory: directory, user: user, signal: SIGQUIT), port: freePort()
    )
  }

  private static func append(_ text: String, to file: URL) throws {
    let handle = try FileHandle(forWritingTo: file)
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }

  /// Debian keeps it out of an ordinary user's PATH.
  static var nginxProgram: String {
    FileManager.default.isExecutableFile(atPath: "/usr/sbin/nginx") ? "/usr/sbin/nginx" : "nginx"
  }

  /// Debian keeps PostgreSQL's programs in a folder per version; the newest is taken.
  private static func postgresProgram(_ name: String) -> String {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init).sorted()
    return versions.last.map { "\(root)/\($0)/bin/\(name)" } ?? name
  }
}

// MARK: - Servers that speak no TLS

/// A listener that says one thing to every client and keeps the connection open.
package final class PlaintextListener: Sendable {
  package let port: Int
  private let socket: Int32

  /// - Parameter greeting: Sent at once to each client; nothing if empty, as by a server that hangs.
  package init(greeting: String) throws {
    let listener = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listener, address, length) == 0 && listen(listener, 16) == 0 ? getsockname(listener, address, &length) : -1
      }
    }
    guard listener >= 0, status == 0 else { throw Tool.Failure(description: "can't listen") }
    socket = listener
    port = Int(UInt16(bigEndian: address.sin_port))
    let bytes = Array(greeting.utf8)
    Thread.detachNewThread {
      var clients: [Int32] = []
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { break }
        clients.append(client)
        _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      }
      for client in clients { close(client) }
      close(listener)
    }
  }

  /// The thread closes what it listens on: closed here, its number could be another's before the thread looks again.
  deinit { shutdown(socket, Int32(SHUT_RDWR)) }
}
