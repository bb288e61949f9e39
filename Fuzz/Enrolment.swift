import Credentials
import Crypto
import Enrolment

/// A file of passwords. What is read is written the same.
func fuzzPasswords(_ bytes: [UInt8]) {
  guard let entries = try? PasswordFile.parse(bytes) else { return }
  for (name, hash) in entries {
    // A name that a line can hold, and a hash that is read back as what it is; nothing is derived from it here.
    guard let line = try? PasswordFile.line(name: name, hash) else { continue }
    require((try? PasswordFile.parse(Array(line.utf8))) == [name: hash], "a line is read differently")
  }
}

/// The body of a late renewal: a form with a certificate, a request, a nonce and a signature.
func fuzzLateRenewal(_ bytes: [UInt8]) {
  guard let form = try? LateRenewalForm(body: bytes) else { return }
  require(form.nonce.count <= 128 && form.signature.count <= 1024, "a field is longer than it may be")
  let statement = LateRenewalStatement(nonce: form.nonce, request: form.request)
  if let key = CertificateInput(der: form.certificate).certificate?.publicKey {
    _ = try? statement.verify(form.signature, by: key)
  }
  let nonces = RenewalNonces(key: .init(size: .bits256))
  require((try? nonces.check(form.nonce, at: fixedTime)) == nil, "a nonce was forged")
}
