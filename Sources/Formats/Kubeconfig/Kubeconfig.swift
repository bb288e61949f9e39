/// The clusters, users and contexts of one or more kubeconfig files.
package struct Kubeconfig: Hashable, Sendable {
  package var currentContext: String?
  package var clusters: [Cluster] = []
  package var users: [User] = []
  package var contexts: [Context] = []

  package init() {}

  /// How to reach an API server.
  package struct Cluster: Hashable, Sendable {
    package var name: String
    /// The file that it stands in.
    package var origin: String
    package var server: String
    /// The name that the server's certificate has to hold, instead of the host of ``server``.
    package var serverName: String?
    package var authority: Material?
    package var skipsVerification = false
    package var proxyURL: String?
    /// The JSON of the extension `client.authentication.k8s.io/exec`, which is meant for the exec plugin.
    package var execConfiguration: String?
  }

  /// Who we are to an API server.
  package struct User: Hashable, Sendable {
    package var name: String
    package var origin: String
    package var certificate: Material?
    package var key: Material?
    package var token: String?
    package var tokenFile: String?
    package var exec: ExecPlugin?
    /// Keys of the entry that ask for something that we don't do, such as `username` or `as`.
    package var unsupported: [String] = []
  }

  /// A cluster, a user and a namespace, under one name.
  package struct Context: Hashable, Sendable {
    package var name: String
    package var origin: String
    package var cluster: String
    package var user: String
    package var namespace: String?
  }

  /// Bytes that stand in the file, or in another one, whose path is relative to no kubeconfig any more.
  package enum Material: Hashable, Sendable {
    case data([UInt8])
    case file(String)
  }

  /// A program that hands out credentials (client.authentication.k8s.io).
  package struct ExecPlugin: Hashable, Sendable {
    package enum Version: String, Hashable, Sendable, CaseIterable {
      case v1 = "client.authentication.k8s.io/v1"
      case v1beta1 = "client.authentication.k8s.io/v1beta1"
    }

    package enum InteractiveMode: String, Hashable, Sendable, CaseIterable {
      case never = "Never"
      case ifAvailable = "IfAvailable"
      case always = "Always"
    }

    package struct Variable: Hashable, Sendable {
      package var name: String
      package var value: String
    }

    package var version: Version
    /// A path, or a name to be found on the PATH.
    package var command: String
    package var arguments: [String] = []
    package var environment: [Variable] = []
    package var interactiveMode: InteractiveMode = .ifAvailable
    package var providesClusterInformation = false
    package var installHint: String?
  }
}

// A user's entry is made of secrets: interpolated into a text by mistake, it shows its name.
extension Kubeconfig.User: CustomStringConvertible, CustomReflectable {
  package var description: String { name }
  package var customMirror: Mirror { Mirror(self, children: ["name": name, "origin": origin]) }
}

extension Kubeconfig.ExecPlugin.Variable: CustomStringConvertible, CustomReflectable {
  package var description: String { name }
  package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}

extension Kubeconfig {
  /// Puts files together as kubectl does: the first to name a cluster, a user, a context or the current context has
  /// the say, and nothing of a later entry of that name is used.
  package static func merged(_ files: [Kubeconfig]) -> Kubeconfig {
    var result = Kubeconfig()
    for file in files {
      result.currentContext = result.currentContext ?? file.currentContext
      result.clusters += unknown(file.clusters, to: result.clusters, by: \.name)
      result.users += unknown(file.users, to: result.users, by: \.name)
      result.contexts += unknown(file.contexts, to: result.contexts, by: \.name)
    }
    return result
  }

  private static func unknown<Entry>(
    _ entries: [Entry], to known: [Entry], by name: KeyPath<Entry, String>
  ) -> [Entry] {
    var names = Set(known.map { $0[keyPath: name] })
    return entries.filter { names.insert($0[keyPath: name]).inserted }
  }
}
