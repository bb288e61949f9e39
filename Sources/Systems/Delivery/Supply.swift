package import Formats
package import Foundation
package import X509

/// A file of the operator's that a system reads: a path as the fleet file gives it.
package struct InputReference: Hashable, Sendable {
  package var path: String
  package var place: YAMLTree.Place
  /// Whether it may be missing.
  package var isOptional: Bool

  package init(_ path: String, at place: YAMLTree.Place, isOptional: Bool = false) {
    self.path = path
    self.place = place
    self.isOptional = isOptional
  }
}

/// The contents of the operators' files, by their paths as declared.
package struct InputFiles: Hashable, Sendable {
  private var contents: [String: [UInt8]]

  package init(_ contents: [String: [UInt8]] = [:]) { self.contents = contents }

  package subscript(path: String) -> [UInt8]? { contents[path] }

  /// - Throws: ``FleetError`` with the place that names it, where it isn't there.
  package subscript(reference: InputReference) -> [UInt8] {
    get throws(FleetError) {
      guard let bytes = contents[reference.path] else {
        throw FleetError(
          "there is no file \(reference.path)", advice: "paths are relative to the fleet file", at: reference.place)
      }
      return bytes
    }
  }

  package var paths: [String] { contents.keys.sorted() }
}

/// A random secret that nodes share, such as Bacalhau's token.
package struct TokenReference: Hashable, Sendable {
  package var name: String
  /// The file that holds it, and is made where it is missing; nil to keep it beside the output.
  package var file: InputReference?

  package init(_ name: String, file: InputReference?) {
    self.name = name
    self.file = file
  }
}

/// An installed Helm chart.
package struct Release: Hashable, Sendable {
  package var name: String
  package var namespace: String

  package init(_ name: String, namespace: String) {
    self.name = name
    self.namespace = namespace
  }
}

/// All that a system's delivery depends on, beside its declaration.
package struct Supply: Sendable {
  /// By the node's name; a node whose certificate has not come back yet is missing.
  package var credentials: [String: NodeCredential] = [:]
  /// The certificates that the system's authority is known by: its roots.
  package var trust: [Certificate] = []
  /// The certificate that signs, whose key identifier the leaves name; nil where the authority is elsewhere.
  package var issuer: Certificate?
  package var files = InputFiles()
  package var tokens: [String: String] = [:]
  /// The names of StatefulSets, by release; a release whose cluster wasn't asked is missing.
  package var statefulSets: [Release: [String]] = [:]
  /// What was delivered last, by path below the system's folder: what is encrypted or dated differs each time it is
  /// made, and is kept where it still says the same.
  package var previous: [String: [UInt8]] = [:]
  package var now: Date

  package init(now: Date) { self.now = now }
}
