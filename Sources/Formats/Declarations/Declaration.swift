package import Credentials

/// A mapping of a declared file whose schema was checked: reading it asks only for what is there.
package struct Declaration: Sendable {
  package let tree: YAMLTree

  package init(_ tree: YAMLTree) { self.tree = tree }

  package var place: YAMLTree.Place { tree.place }

  package func place(of key: String) -> YAMLTree.Place { tree[key]?.place ?? tree.place }

  package func text(_ key: String) -> String? { tree[key]?.text }
  package func flag(_ key: String) -> Bool? { tree[key]?.flag }
  package func number(_ key: String) -> Int? { tree[key]?.number }
  package func duration(_ key: String) -> Duration? { text(key).flatMap(Duration.init(operatorText:)) }

  /// The mapping under a key.
  package func object(_ key: String) -> Declaration? { tree[key].map(Declaration.init) }

  /// The mappings in a list.
  package func objects(_ key: String) -> [Declaration] { (tree[key]?.items ?? []).map(Declaration.init) }

  /// The texts in a list, with their places.
  package func texts(_ key: String) -> [(text: String, place: YAMLTree.Place)] {
    (tree[key]?.items ?? []).compactMap { item in item.text.map { ($0, item.place) } }
  }

  /// The keys of a free mapping, with their values.
  package func entries(_ key: String) -> [YAMLTree.Entry] { tree[key]?.entries ?? [] }

  /// A text that the schema requires.
  /// - Throws: ``DeclarationError`` where it is missing all the same.
  package func required(_ key: String) throws(DeclarationError) -> String {
    guard let text = text(key) else { throw DeclarationError("the key \"\(key)\" is missing", at: place) }
    return text
  }

  package func requiredObject(_ key: String) throws(DeclarationError) -> Declaration {
    guard let object = object(key) else { throw DeclarationError("the key \"\(key)\" is missing", at: place) }
    return object
  }

  /// An identity, with errors that name this place.
  package func identity(
    _ commonName: String, organization: String? = nil, hosts: [String] = [], at place: YAMLTree.Place? = nil
  ) throws(DeclarationError) -> Identity {
    var names: [SubjectName] = []
    for host in hosts {
      guard let name = SubjectName(host: host) else {
        throw DeclarationError("\"\(host)\" is neither a DNS name nor an address", at: place ?? self.place)
      }
      names.append(name)
    }
    do {
      return try Identity(commonName: commonName, organization: organization, names: names)
    } catch {
      throw DeclarationError(error.message, advice: error.hint, at: place ?? self.place)
    }
  }
}
