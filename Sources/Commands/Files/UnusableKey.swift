import Credentials
import Diagnosis

/// A request of a key that we can't use doesn't decode: says which key that is. Nil where the key is not the reason.
func unusableKey(ofRequest der: [UInt8]) -> (any ExplainedError)? {
  guard let key = try? Diagnosis.RequestFacts(der: der).publicKey, !key.isUsable || key.weakness != nil else {
    return nil
  }
  return CommandError.refused(
    "the certificate signing request's key, \(key.summary), can't be certified"
      + (key.weakness.map { ": \($0)" } ?? ""),
    hint: "have it made again with a key of one of the kinds \(KeyKind.list)")
}
