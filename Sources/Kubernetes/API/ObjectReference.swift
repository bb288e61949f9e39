/// The kinds of objects that we read and write.
package enum ResourceKind: String, Hashable, Sendable, CaseIterable {
  case secret = "Secret"
  case configMap = "ConfigMap"
  case deployment = "Deployment"
  case statefulSet = "StatefulSet"

  package var apiVersion: String { isCore ? "v1" : "apps/v1" }

  /// The name of the resource in paths and in roles.
  package var plural: String { rawValue.lowercased() + "s" }

  var isCore: Bool { self == .secret || self == .configMap }

  /// Where objects of this kind lie in a namespace.
  func path(namespace: String) -> String {
    "\(isCore ? "/api" : "/apis")/\(apiVersion)/namespaces/\(PathSegment.encode(namespace))/\(plural)"
  }
}

/// Which object.
package struct ObjectReference: Hashable, Sendable {
  package var kind: ResourceKind
  package var namespace: String
  package var name: String

  package init(_ kind: ResourceKind, namespace: String, name: String) {
    self.kind = kind
    self.namespace = namespace
    self.name = name
  }

  var path: String { "\(kind.path(namespace: namespace))/\(PathSegment.encode(name))" }
}

extension ObjectReference: CustomStringConvertible {
  /// As in `Secret org-1/orchestrator-cacert`.
  package var description: String { "\(kind.rawValue) \(namespace)/\(name)" }
}

extension ObjectReference: Comparable {
  package static func < (left: ObjectReference, right: ObjectReference) -> Bool {
    (left.namespace, left.kind.rawValue, left.name) < (right.namespace, right.kind.rawValue, right.name)
  }
}

/// Percent-encoding (RFC 3986 §2): whatever a name holds, it stays one segment, or one value of a query.
enum PathSegment {
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      let isUnreserved =
        (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte | 0x20) || "-_~".utf8.contains(byte)
      // A name of dots alone would walk up the path.
      if isUnreserved || (byte == UInt8(ascii: ".") && text != "." && text != "..") {
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return encoded
  }
}
