import Foundation

extension ServerProcess {
  /// Mosquitto as a broker that takes clients with a certificate only, and their common name for the user's.
  /// - Parameters:
  ///   - access: the lines of its access list; `%u` stands for the user.
  ///   - revocationList: a file in PEM.
  package static func mosquitto(_ files: Files, access: String, revocationList: String) throws -> ServerProcess {
    let directory = try TemporaryDirectory()
    let port = try freePort()
    let configuration = """
      persistence false
      log_dest stderr
      listener \(port) 127.0.0.1
      cafile \(files.clientAuthorities)
      certfile \(files.certificate)
      keyfile \(files.key)
      crlfile \(revocationList)
      require_certificate true
      use_identity_as_username true
      acl_file \(directory.file("acl").path)
      """
    // As root it would take on a user that can't read the files.
    let user = geteuid() == 0 ? "\nuser root" : ""
    try Data((configuration + user + "\n").utf8).write(to: directory.file("mosquitto.conf"))
    try Data((access + "\n").utf8).write(to: directory.file("acl"))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory.file("acl").path)
    let arguments = ["-c", directory.file("mosquitto.conf").path]
    return try ServerProcess(Launch(program: program, arguments: arguments, directory: directory), port: port)
  }

  /// Debian keeps it out of an ordinary user's PATH.
  private static var program: String {
    FileManager.default.isExecutableFile(atPath: "/usr/sbin/mosquitto") ? "/usr/sbin/mosquitto" : "mosquitto"
  }
}
