package import Formats

/// What a system's nodes get, and what has to be done with it.
package struct Delivery: Sendable {
  package var folders: [Folder] = []
  /// What must restart once its artefacts have changed, in this order.
  package var restarts: [Restart] = []
  /// What the operator should know, each one line.
  package var warnings: [String] = []

  package init() {}

  /// All that travels to one node, or is needed in one place.
  package struct Folder: Sendable {
    package var name: String
    /// One sentence: what this is and where it goes.
    package var title: String
    package var artefacts: [Artefact] = []
    /// The commands to run there, in order.
    package var steps: [Step] = []

    package init(_ name: String, title: String) {
      self.name = name
      self.title = title
    }
  }

  /// A command that the operator runs, with the reason for it.
  package struct Step: Hashable, Sendable {
    package var explanation: String
    package var commands: [String]

    package init(_ explanation: String, _ commands: String...) {
      self.explanation = explanation
      self.commands = commands
    }
  }
}

/// One file of a folder.
package struct Artefact: Sendable {
  /// What it is beside a file.
  package enum Role: Hashable, Sendable {
    case file
    /// An object for a cluster.
    case object(KubernetesObject)
    /// The operator's file (its path as declared) with our settings merged in.
    case merged(into: String)
  }

  /// Below its folder.
  package var path: String
  package var bytes: [UInt8]
  /// Whether it holds a key or a token.
  package var isSecret: Bool
  package var role: Role
  /// The nodes whose credentials it carries: what renews it.
  package var carries: [String]
  /// Whether it is a program to run: a script.
  package var isExecutable = false

  package init(
    _ path: String, _ bytes: some Sequence<UInt8>, isSecret: Bool = false, role: Role = .file, carries: [String] = []
  ) {
    self.path = path
    self.bytes = Array(bytes)
    self.isSecret = isSecret
    self.role = role
    self.carries = carries
  }

  /// An object's manifest, in `NAME.yaml`.
  package init(_ object: KubernetesObject, carries: [String] = []) throws(FormatError) {
    // A Secret with nothing but certificates is none: charts want it where others have a ConfigMap.
    let isSecret = object.kind == "Secret" && object.data.contains { !PEM.isOnlyCertificates($0.value) }
    self.init(
      "\(object.name).yaml", try object.yaml().utf8, isSecret: isSecret, role: .object(object), carries: carries)
  }
}

extension Artefact {
  package init(_ secret: KubernetesSecret, carries: [String] = []) throws(FormatError) {
    try self.init(.secret(secret), carries: carries)
  }

  package init(_ map: KubernetesConfigMap, carries: [String] = []) throws(FormatError) {
    try self.init(.configMap(map), carries: carries)
  }
}

extension PEM {
  static func isOnlyCertificates(_ bytes: [UInt8]) -> Bool {
    let scan = scan(bytes)
    return !scan.blocks.isEmpty && scan.blocks.allSatisfy(isCertificate)
  }
}

/// Something that reads its files at start only.
package struct Restart: Hashable, Sendable {
  package enum Workload: Hashable, Sendable {
    case deployment(name: String, namespace: String)
    case statefulSet(name: String, namespace: String)
    /// A program on a machine, in words.
    case process(String)
  }

  package var workload: Workload
  package var command: String
  /// The artefacts (`folder/path`) whose change makes it necessary.
  package var because: [String]

  package init(_ workload: Workload, command: String, because: [String]) {
    self.workload = workload
    self.command = command
    self.because = because
  }
}
