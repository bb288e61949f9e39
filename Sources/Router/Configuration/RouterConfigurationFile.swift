import Credentials
package import Formats
import Logging

/// router.yaml. Pure: the files that it names are read by others.
package struct RouterConfigurationFile: Hashable, Sendable {
  private let path: String

  /// - Parameter path: the paths in the file are relative to its folder.
  package init(path: String) { self.path = path }

  /// - Throws: ``DeclarationErrors``: what is wrong with it, in the order of the file. That it isn't YAML is told alone;
  ///   then all that is wrong with keys and values; and only of a file without such mistakes, how they fit each other.
  package func parse(_ bytes: [UInt8]) throws(DeclarationErrors) -> RouterConfiguration {
    let file = DeclaredFile(path: path, advice: "docs/operate/router.md lists what may stand here")
    guard let declaration = try read(bytes, file) else {
      throw file.errors([DeclarationError("it is empty", advice: "Examples/router/ holds one to begin with")])
    }
    let folder = ConfigurationFolder(of: path)
    var configuration = RouterConfiguration(listeners: [], clusters: [])
    configuration.setGlobals(declaration, in: folder)
    var errors = RouterReferences(declaration, admin: configuration.admin).errors
    for declared in declaration.objects("listeners") {
      do throws(DeclarationError) {
        configuration.listeners.append(try ListenerConfiguration(declared, in: folder))
      } catch {
        errors.append(error)
      }
    }
    for declared in declaration.objects("clusters") {
      do throws(DeclarationError) {
        configuration.clusters.append(try ClusterConfiguration(declared, in: folder))
      } catch {
        errors.append(error)
      }
    }
    guard errors.isEmpty else { throw file.errors(errors.sorted { $0.position < $1.position }) }
    return configuration
  }

  private func read(_ bytes: [UInt8], _ file: DeclaredFile) throws(DeclarationErrors) -> Declaration? {
    do throws(DeclarationErrors) {
      return try file.read(bytes, fields: RouterConfiguration.fields)
    } catch {
      throw DeclarationErrors(error.all.map { RouterAdvice.better($0, in: bytes) })
    }
  }
}

extension RouterConfiguration {
  fileprivate mutating func setGlobals(_ declared: Declaration, in folder: ConfigurationFolder) {
    admin = declared.text("admin").map { folder.resolved($0) }
    workers = declared.number("workers")
    user = declared.text("user")
    group = declared.text("group")
    drain = declared.duration("drain") ?? drain
    guard let log = declared.object("log") else { return }
    self.log.level = log.text("level").flatMap { Logger.Level(rawValue: $0) } ?? self.log.level
    self.log.access = log.text("access").flatMap { AccessLogging(rawValue: $0) } ?? self.log.access
  }
}

extension DeclarationError {
  fileprivate var position: (Int, Int) { (place?.line ?? 0, place?.column ?? 0) }
}
