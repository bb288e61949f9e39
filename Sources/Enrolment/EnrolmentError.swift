package import Credentials

/// What arrives in the course of an enrolment and can't be used.
package enum EnrolmentError: ExplainedError, Hashable {
  case tooLarge(what: String, limit: Int)
  case emptyBody
  case binaryBody
  case notBase64
  case notAJoinString(reason: String)

  package var message: String {
    switch self {
    case .tooLarge(let what, let limit): "\(what) is larger than \(limit) bytes"
    case .emptyBody: "the request's body is empty"
    case .binaryBody: "the request's body is binary; the certificate request is sent in base64"
    case .notBase64: "the request's body is neither base64 nor PEM"
    case .notAJoinString(let reason): "this is not a join string: \(reason)"
    }
  }

  package var hint: String? {
    switch self {
    case .tooLarge: nil
    case .emptyBody, .binaryBody, .notBase64: "with curl: --data-binary @NODE.csr, where NODE.csr is PEM"
    case .notAJoinString: "it is one line, https://HOST:PORT/#root=…&id=…&secret=…, as `countersign invite` prints it"
    }
  }

  package var kind: FailureKind { .badInput }
}
