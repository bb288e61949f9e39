import Credentials
package import Formats

/// A fleet file: which systems there are, which nodes they have, and who vouches for them.
package struct Fleet: Sendable {
  /// One entry under `systems`.
  package struct Member: Sendable {
    /// The name of its folder in the output: its kind, numbered from the second of a kind on.
    package var name: String
    package var system: any FleetSystem
    package var place: YAMLTree.Place
  }

  /// What its objects are labelled with in a cluster.
  package var name: String
  package var authority: AuthorityDeclaration?
  package var defaults: FleetDefaults
  package var members: [Member]

  package static let fields: [Field] = [
    Field("name", .text(.label), "What its objects are labelled with in a cluster; by default the authority's name."),
    Field("authority", .object(AuthorityDeclaration.fields), "Who signs, unless a system has an authority of its own."),
    Field("defaults", .object(FleetDefaults.fields), "What holds for all nodes."),
    Field(
      "systems", .list(.variants(fleetSystems.map { ($0.kind, $0.fields) })), required: true,
      "The systems, each with its nodes."),
  ]

  /// Reads a fleet file.
  /// - Throws: ``FleetErrors``: all that is wrong with it.
  package init(_ bytes: [UInt8], path: String) throws(FleetErrors) {
    let file = DeclaredFile(path: path, listing: "`countersign lint` shows all")
    guard let declaration = try file.read(bytes, fields: Self.fields) else {
      throw file.errors([FleetError("it is empty", advice: "Examples/ holds fleet files to begin with")])
    }
    do {
      try self.init(declaration)
    } catch {
      throw file.errors([error])
    }
  }

  private init(_ declaration: Declaration) throws(FleetError) {
    var authorityName: String?
    if let object = declaration.object("authority") {
      authorityName = object.text("name")
      authority = try AuthorityDeclaration(object)
    } else {
      authority = nil
    }
    if let object = declaration.object("defaults") {
      defaults = try FleetDefaults(object)
    } else {
      defaults = FleetDefaults()
    }
    name = declaration.text("name") ?? authorityName.flatMap(Self.label) ?? "fleet"
    members = []
    for entry in declaration.objects("systems") {
      guard let type = fleetSystems.first(where: { $0.kind == entry.text("kind") }) else { continue }
      let count = members.count { type == Swift.type(of: $0.system) }
      members.append(
        Member(
          name: count == 0 ? type.kind : "\(type.kind)-\(count + 1)",
          system: try type.init(entry, defaults: defaults), place: entry.place))
    }
    guard !members.isEmpty else { throw FleetError("it names no system", at: declaration.place) }
    if let member = members.first(where: { $0.system.authority == nil }), authority == nil {
      throw FleetError(
        "there is no authority for this system", advice: "say `authority: {name: NAME}` at the top of the fleet file",
        at: member.place)
    }
  }
}

extension FleetSystem {
  /// Its nodes. Each has a folder: their names must differ, and be names of folders.
  package func checkedNodes(_ files: InputFiles) throws(FleetError) -> [Node] {
    let nodes = try nodes(files)
    var seen: [String: YAMLTree.Place] = [:]
    for node in nodes {
      if node.name.isEmpty || node.name.hasPrefix(".") || node.name.contains("/") || node.name.utf8.contains(0) {
        throw FleetError(
          "\"\(node.name)\" can't be the name of a folder", advice: "leave out slashes, and a dot in front",
          at: node.place)
      }
      // A file system may not tell upper from lower case.
      if let first = seen.updateValue(node.place, forKey: node.name.lowercased()) {
        throw FleetError(
          "two nodes are named \"\(node.name)\": the other stands in line \(first.line)",
          advice: "give each node a name of its own", at: node.place)
      }
    }
    return nodes
  }
}

extension Fleet {
  /// A text as the value of a label (63 characters, RFC 1123).
  private static func label(_ text: String) -> String? {
    let plain = text.lowercased().unicodeScalars.map { scalar in
      scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)) ? Character(scalar) : "-"
    }
    let words = String(plain).split(separator: "-").joined(separator: "-").prefix(63)
    let label = words.hasSuffix("-") ? words.dropLast() : words
    return label.isEmpty ? nil : String(label)
  }
}

/// What is wrong with a fleet file or a file that it names, and where.
package typealias FleetError = DeclarationError
/// All that is wrong with a fleet file, at least one thing.
package typealias FleetErrors = DeclarationErrors

extension Fleet {
  /// `deploy/fleet.schema.json`.
  package static var jsonSchema: String { JSONSchema.text(title: "Countersign fleet file", fields: fields) }
}
