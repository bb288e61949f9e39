/// What an API server says when it refuses (meta/v1 Status).
package struct APIStatus: Hashable, Sendable {
  package struct Cause: Hashable, Sendable {
    package var reason: String
    package var message: String
    package var field: String
  }

  package var code: Int
  package var reason: String
  package var message: String
  /// The object that it is about, and the plural of its kind.
  package var name: String?
  package var resource: String?
  package var causes: [Cause]
  package var retryAfterSeconds: Int?

  /// No refusal has more to say that an operator would read.
  private static let causeLimit = 100

  /// Nil for bytes that are no Status.
  package static func decode(_ bytes: [UInt8], code: Int) -> APIStatus? {
    guard let value = JSONValue.decode(bytes), value["kind"]?.string == "Status" else { return nil }
    let details = value["details"]
    let causes = (details?["causes"]?.array ?? []).prefix(causeLimit).map { cause in
      Cause(
        reason: cause["reason"]?.string ?? "", message: cause["message"]?.string ?? "",
        field: cause["field"]?.string ?? "")
    }
    return APIStatus(
      code: code, reason: value["reason"]?.string ?? "", message: value["message"]?.string ?? "",
      name: details?["name"]?.string, resource: details?["kind"]?.string, causes: Array(causes),
      retryAfterSeconds: details?["retryAfterSeconds"]?.integer.flatMap { Int(exactly: $0) })
  }
}

/// A field that another manager has set to another value.
package struct FieldConflict: Hashable, Sendable {
  /// As the API server writes it, such as `.data.tls.crt`.
  package var field: String
  /// Such as `kubectl-edit` or `helm`.
  package var manager: String

  package init(field: String, manager: String) {
    self.field = field
    self.manager = manager
  }
}

extension FieldConflict {
  /// From a cause such as `conflict with "kubectl-edit" using v1 at ...`.
  init(_ cause: APIStatus.Cause) {
    let parts = cause.message.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
    self.init(
      field: PrintableText.line(cause.field),
      manager: parts.count == 3 ? PrintableText.line(String(parts[1])) : "another manager")
  }
}

/// A field that the API server does not accept, and why.
package struct InvalidField: Hashable, Sendable {
  package var field: String
  package var reason: String
}
