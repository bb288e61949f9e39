import Foundation

extension ServerProcess {
  /// HAProxy with TLS, which lets in whose certificate its authorities vouch for and their revocation lists don't name.
  /// - Parameters:
  ///   - files: the certificate's file holds its key, too.
  ///   - revocationLists: a file in PEM with the list of each authority.
  package static func haproxy(_ files: Files, revocationLists: String) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let port = try freePort()
    let configuration = """
      global
        maxconn 100
      defaults
        mode http
        timeout client 60s
        timeout server 60s
        timeout connect 60s
      frontend tls
        bind 127.0.0.1:\(port) ssl crt \(files.certificate) ca-file \(files.clientAuthorities) \
      crl-file \(revocationLists) verify required
        http-request return status 200 content-type text/plain string hello

      """
    try Data(configuration.utf8).write(to: directory.file("haproxy.cfg"))
    let arguments = ["-db", "-f", directory.file("haproxy.cfg").path]
    return try ServerProcess(Launch(program: haproxyProgram, arguments: arguments, directory: directory), port: port)
  }

  /// Debian keeps it out of an ordinary user's PATH.
  private static var haproxyProgram: String {
    FileManager.default.isExecutableFile(atPath: "/usr/sbin/haproxy") ? "/usr/sbin/haproxy" : "haproxy"
  }
}
