/// Something whose pods can be restarted.
package struct Workload: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    case deployment = "Deployment"
    case statefulSet = "StatefulSet"
  }

  package var kind: Kind
  package var namespace: String
  package var name: String

  package init(_ kind: Kind, namespace: String, name: String) {
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }

  package var object: ObjectReference {
    ObjectReference(kind == .deployment ? .deployment : .statefulSet, namespace: namespace, name: name)
  }
}

extension Workload: CustomStringConvertible {
  package var description: String { object.description }
}
