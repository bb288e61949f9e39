/// A value to be written into a YAML file.
package indirect enum YAMLValue: Hashable, Sendable {
  /// A string, quoted where a reader would take it for something else.
  case text(String)
  /// A string of several lines as a literal scalar (`|`), such as PEM; where none can stand, double-quoted.
  case block(String)
  case flag(Bool)
  case number(Int)
  case list([YAMLValue])
  case mapping(YAMLMapping)
}

/// Keys and values in the order in which they are written.
package struct YAMLMapping: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  package struct Entry: Hashable, Sendable {
    package var key: String
    package var value: YAMLValue

    package init(key: String, value: YAMLValue) {
      self.key = key
      self.value = value
    }
  }

  package private(set) var entries: [Entry] = []

  package init() {}

  package init(dictionaryLiteral elements: (String, YAMLValue)...) {
    for (key, value) in elements { self[key] = value }
  }

  /// A new key is put at the end.
  package subscript(key: String) -> YAMLValue? {
    get { entries.first { $0.key == key }?.value }
    set {
      let index = entries.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): entries[index].value = value
      case (let index?, nil): entries.remove(at: index)
      case (nil, let value?): entries.append(Entry(key: key, value: value))
      case (nil, nil): break
      }
    }
  }
}

/// One step of the way from the root of a YAML document to a value.
package enum YAMLStep: Hashable, Sendable {
  case key(String)
  /// The element of a list that is a mapping with this key and text; made at the list's end where there is none.
  case item(key: String, equals: String)
  /// An element of a list, counted from 0; the number of elements names a new one at the end.
  case index(Int)
}

extension YAMLStep: ExpressibleByStringLiteral {
  package init(stringLiteral value: String) { self = .key(value) }
}

/// What is to stand where. Missing mappings and list elements on the way are made.
package struct YAMLAssignment: Hashable, Sendable {
  package var path: [YAMLStep]
  package var value: YAMLValue

  package init(path: [YAMLStep], value: YAMLValue) {
    self.path = path
    self.value = value
  }
}
