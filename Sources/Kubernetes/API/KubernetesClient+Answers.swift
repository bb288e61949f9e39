import Formats
import TLSRuntime

/// What a request is about, for the words of its errors.
struct Call: Sendable {
  /// The verb that a role has to permit.
  var verb: String
  /// Such as `secrets in namespace org-1`.
  var resource: String
  /// Nil for lists.
  var object: ObjectReference?
  var redaction = Redaction()

  init(verb: String, resource: String) {
    self.verb = verb
    self.resource = resource
  }

  init(verb: String, _ object: ObjectReference) {
    self.init(verb: verb, resource: "\(object.kind.plural) in namespace \(object.namespace)")
    self.object = object
  }

  var action: String { "\(verb) \(object?.description ?? resource)" }

  func unexpected(_ problem: String) -> KubernetesError { .unexpectedAnswer(action: action, problem: problem) }
}

extension KubernetesClient {
  struct Reply {
    var status: Int
    var body: [UInt8]
    var attempts: Int
  }

  func send(_ request: HTTPSRequest, _ call: Call) async throws(KubernetesError) -> Reply {
    var request = request
    if !request.fields.contains(where: { $0.name == "Accept" }) {
      request.fields.append(("Accept", "application/json"))
    }
    let answer = try await session.send(request)
    return Reply(status: answer.response.status, body: answer.response.body, attempts: answer.attempts)
  }

  /// Whether a 404 says that just this object is missing. A wrong address answers 404 as well.
  func isAbsence(_ reply: Reply, of object: ObjectReference) -> Bool {
    guard reply.status == 404, let status = APIStatus.decode(reply.body, code: 404) else { return false }
    return status.reason == "NotFound" && status.name == object.name && status.resource == object.kind.plural
  }

  /// - Throws: what a refusal means; `.unexpectedAnswer` for a success that is no object.
  func clusterObject(_ reply: Reply, _ call: Call) async throws(KubernetesError) -> ClusterObject {
    try await check(reply, call)
    guard let content = JSONValue.decode(reply.body), let object = call.object else {
      throw call.unexpected("the answer is not JSON")
    }
    guard content["kind"]?.string == object.kind.rawValue, content["metadata"]?["name"]?.string == object.name else {
      throw call.unexpected("the answer is another object")
    }
    return ClusterObject(content: content)
  }

  /// - Throws: what a refusal means.
  func check(_ reply: Reply, _ call: Call) async throws(KubernetesError) {
    guard !(200..<300).contains(reply.status) else { return }
    let redaction = call.redaction.adding(await session.currentToken())
    let status = APIStatus.decode(reply.body, code: reply.status)
    let said = redaction.clean(status?.message ?? "")
    switch reply.status {
    case 401: throw .unauthorized(user: access.credentials.user)
    case 403: throw .forbidden(verb: call.verb, resource: call.resource, said: said)
    case 404: throw .notFound(call.object?.description ?? call.resource, said: said)
    case 409: throw Self.conflict(status, call, said)
    case 422:
      guard let object = call.object else { break }
      throw .invalid(object, Self.fields(status, object, redaction, said))
    case 429, 500...599: throw .unavailable(status: reply.status, attempts: reply.attempts, said: said)
    case 300..<400: throw call.unexpected("the server sends us elsewhere (\(reply.status))")
    default: break
    }
    throw .refused(status: reply.status, action: call.action, said: said)
  }

  private static func conflict(_ status: APIStatus?, _ call: Call, _ said: String) -> KubernetesError {
    guard let object = call.object else { return .refused(status: 409, action: call.action, said: said) }
    let conflicts = (status?.causes ?? []).filter { $0.reason == "FieldManagerConflict" }.map(FieldConflict.init)
    if !conflicts.isEmpty { return .conflict(object, conflicts) }
    return status?.reason == "Conflict"
      ? .changedMeanwhile(object) : .refused(status: 409, action: call.action, said: said)
  }

  private static func fields(
    _ status: APIStatus?, _ object: ObjectReference, _ redaction: Redaction, _ said: String
  ) -> [InvalidField] {
    let causes = status?.causes ?? []
    guard !causes.isEmpty else {
      return [InvalidField(field: "", reason: said.isEmpty ? "the server gives no reason" : said)]
    }
    return causes.map { cause in
      // The server quotes values: of data none is shown, whatever it is.
      let isData = object.kind.isCore && ["data", "stringData", "binaryData"].contains { cause.field.hasPrefix($0) }
      return InvalidField(
        field: redaction.clean(cause.field), reason: isData ? words(cause.reason) : redaction.clean(cause.message))
    }
  }

  /// `FieldValueRequired` in words.
  private static func words(_ reason: String) -> String {
    switch reason {
    case "FieldValueRequired": "it is required"
    case "FieldValueForbidden": "it may not be set or changed"
    case "FieldValueTooLong", "FieldValueTooMany": "it is too large"
    case "FieldValueInvalid": "its value is not valid"
    default: PrintableText.line(reason)
    }
  }
}
