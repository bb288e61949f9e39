package import Credentials
import Glibc
internal import LinuxCalls

/// What a router that runs gives up: other users' rights, and every right to change files.
package enum Privileges {
  package enum Restriction: Sendable {
    case restricted
    /// The kernel has no Landlock.
    case unavailable
  }

  /// Has to be called before any thread is started: it holds for those that are started afterwards.
  /// - Throws: ``PrivilegeError``.
  package static func restrictFiles(_ configuration: RouterConfiguration) throws(PrivilegeError) -> Restriction {
    let paths = configuration.listeners.compactMap { if case .unix(let path) = $0.listen { path } else { nil } }
    let folders = Set((paths + [configuration.admin].compactMap { $0 }).map(folder)).sorted()
    let names = folders.map { strdup($0) }
    defer { for name in names { free(name) } }
    let pointers: [UnsafePointer<CChar>?] = names.map { $0.map { UnsafePointer($0) } }
    switch pointers.withUnsafeBufferPointer({ linux_forbid_writing($0.baseAddress, Int32($0.count)) }) {
    case 1: return .restricted
    case 0: return .unavailable
    default: throw PrivilegeError(SystemCallError("landlock"), what: "file systems can't be closed")
    }
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Becomes the user and the group that the configuration names. All sockets have to be bound before.
  /// - Throws: ``PrivilegeError``.
  package static func drop(_ configuration: RouterConfiguration) throws(PrivilegeError) {
    guard configuration.user != nil || configuration.group != nil else { return }
    var user: uid_t?
    var group: gid_t?
    if let name = configuration.user {
      let entry = UInt32(name).map { getpwuid($0) } ?? getpwnam(name)
      user = entry?.pointee.pw_uid ?? UInt32(name)
      group = entry?.pointee.pw_gid
      guard user != nil else { throw PrivilegeError(name, kind: "user") }
    }
    if let name = configuration.group {
      group = UInt32(name) ?? getgrnam(name)?.pointee.gr_gid
      guard group != nil else { throw PrivilegeError(name, kind: "group") }
    }
    guard group != nil else { throw PrivilegeError(numberAlone: configuration.user ?? "") }
    if let group {
      guard setgroups(0, nil) == 0, setgid(group) == 0 else {
        throw PrivilegeError(SystemCallError("setgid"), what: "the group can't be changed")
      }
    }
    if let user {
      guard setuid(user) == 0, user == 0 || setuid(0) != 0 else {
        throw PrivilegeError(SystemCallError("setuid"), what: "the user can't be changed")
      }
    }
  }

  /// The files that whoever it has become can't open, and why. A reload reads them again.
  ///
  /// - Parameter path: where router.yaml is.
  package static func unreadable(
    _ configuration: RouterConfiguration, at path: String
  ) -> [(file: String, reason: String)] {
    guard configuration.user != nil || configuration.group != nil else { return [] }
    return Set(configuration.files + [path]).sorted().compactMap { file -> (file: String, reason: String)? in
      let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      guard descriptor < 0 else {
        close(descriptor)
        return nil
      }
      return (file: file, reason: String(cString: strerror(errno)))
    }
  }
}

package struct PrivilegeError: ExplainedError {
  package let message: String
  package let hint: String?
  package let kind: FailureKind

  init(_ error: SystemCallError, what: String) {
    message = "\(what): \(error)"
    hint = "only root can become another user: leave user and group out, or start as root"
    kind = .environment
  }

  /// Without a group of its own it would keep ours.
  init(numberAlone user: String) {
    message = "no account has the number \(user), and so no group is known for it"
    hint = "say group: as well"
    kind = .badInput
  }

  init(_ name: String, kind word: String) {
    message = "there is no \(word) \"\(name)\""
    hint = "make it, or name another in router.yaml"
    kind = .badInput
  }
}
