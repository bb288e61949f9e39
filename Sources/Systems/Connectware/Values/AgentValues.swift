import Formats

/// What the values of the agent chart must say for mutual TLS.
struct AgentValues: Hashable, Sendable {
  enum KeyPair: Hashable, Sendable {
    case secret(String)
    case inline(certificate: String, key: String)
    /// Its certificate is under way.
    case pending
  }

  enum CAChain: Hashable, Sendable {
    case configMap(String)
    case inline(String)
  }

  struct Entry: Hashable, Sendable {
    var name: String
    var keyPair: KeyPair
  }

  var connectwareHost: String
  /// Nil where no certificate of the authority is known yet.
  var caChain: CAChain?
  var agents: [Entry]
}

/// The keys of the agent chart's values.
enum AgentValuesKey {
  static let defaults = "protocolMapperAgentDefaults"
  static let agents = "protocolMapperAgents"
  static let host = "connectwareHost"
  static let mTLS = "mTLS"
  static let enabled = "enabled"
  static let keyPair = "keyPair"
  static let caChain = "caChain"
  static let certificate = "cert"
  static let key = "key"
  static let existingSecret = "existingSecret"
  static let existingConfigMap = "existingConfigMap"
}

extension AgentValues {
  struct Merged {
    var text: String
    var warnings: [String] = []
  }

  private typealias Key = AgentValuesKey

  /// Puts them into a values file and leaves everything else as it is.
  ///
  /// What all agents share stands in the defaults where there are several, as the chart's documentation recommends;
  /// but with the agent where the file has agents of which nothing was said: theirs are not ours to switch.
  /// - Throws: what the editor throws; nothing has been changed then.
  func merged(into bytes: [UInt8]) throws(FormatError) -> Merged {
    var editor = try YAMLEditor(bytes)
    let file = AgentValuesFile(bytes)
    if let twice = file.repeatedNames.first {
      throw .uneditable(
        line: twice.line, reason: "a second agent is named \"\(twice.name)\"", hint: "remove one of the two")
    }
    let declared = Set(agents.map(\.name))
    let others = file.agents.map(\.name).filter { !declared.contains($0) }
    let isShared = agents.count > 1 && others.isEmpty
    var edits = Edits()
    edits.set(.text(connectwareHost), [.key(Key.defaults), .key(Key.host)])
    if isShared {
      edits.setShared(caChain, at: [.key(Key.defaults), .key(Key.mTLS)], over: file.defaults?[Key.mTLS])
    }
    for agent in agents {
      let path: [YAMLStep] = [.key(Key.agents), .item(key: "name", equals: agent.name), .key(Key.mTLS)]
      let present = file[agent.name]?[Key.mTLS]
      if !isShared {
        edits.setShared(caChain, at: path, over: present)
      } else {
        edits.align(caChain, at: path, with: present)
      }
      edits.set(agent.keyPair, at: path + [.key(Key.keyPair)], over: present?[Key.keyPair])
    }
    try edits.apply(to: &editor)
    var merged = Merged(text: editor.text)
    if !others.isEmpty {
      merged.warnings.append(
        "the values file has agents that the fleet file doesn't name, and mTLS is not switched on for them: "
          + Self.some(others))
    }
    return merged
  }

  static func some(_ names: [String]) -> String {
    names.count <= 5
      ? names.joined(separator: ", ") : "\(names.prefix(5).joined(separator: ", ")) and \(names.count - 5) more"
  }
}

/// The changes of a values file, gathered to be made at once.
private struct Edits {
  private typealias Key = AgentValuesKey
  private var assignments: [YAMLAssignment] = []
  private var removals: [[YAMLStep]] = []

  mutating func set(_ value: YAMLValue, _ path: [YAMLStep]) {
    assignments.append(YAMLAssignment(path: path, value: value))
  }

  /// Switches mTLS on, with the CA chain.
  mutating func setShared(_ chain: AgentValues.CAChain?, at path: [YAMLStep], over present: YAMLTree?) {
    set(.flag(true), path + [.key(Key.enabled)])
    set(chain, at: path + [.key(Key.caChain)], over: present?[Key.caChain])
  }

  /// Where an agent says otherwise than the defaults, it wins over them: then the same is said there.
  mutating func align(_ chain: AgentValues.CAChain?, at path: [YAMLStep], with present: YAMLTree?) {
    if present?[Key.enabled] != nil { set(.flag(true), path + [.key(Key.enabled)]) }
    if let own = present?[Key.caChain], own[Key.certificate] != nil || own[Key.existingConfigMap] != nil {
      set(chain, at: path + [.key(Key.caChain)], over: own)
    }
  }

  mutating func set(_ chain: AgentValues.CAChain?, at path: [YAMLStep], over present: YAMLTree?) {
    switch chain {
    case .configMap(let name):
      set(.text(name), path + [.key(Key.existingConfigMap)])
      remove([Key.certificate], at: path, of: present)
    case .inline(let pem):
      set(.block(pem), path + [.key(Key.certificate)])
      remove([Key.existingConfigMap], at: path, of: present)
    case nil: break
    }
  }

  mutating func set(_ pair: AgentValues.KeyPair, at path: [YAMLStep], over present: YAMLTree?) {
    switch pair {
    case .secret(let name):
      set(.text(name), path + [.key(Key.existingSecret)])
      remove([Key.certificate, Key.key], at: path, of: present)
    case .inline(let certificate, let key):
      set(.block(certificate), path + [.key(Key.certificate)])
      set(.block(key), path + [.key(Key.key)])
      remove([Key.existingSecret], at: path, of: present)
    case .pending: break
    }
  }

  private mutating func remove(_ keys: [String], at path: [YAMLStep], of present: YAMLTree?) {
    for key in keys where present?[key] != nil { removals.append(path + [.key(key)]) }
  }

  func apply(to editor: inout YAMLEditor) throws(FormatError) {
    try editor.set(assignments, removing: removals)
  }
}
