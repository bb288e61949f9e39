import Credentials
import Crypto
import Enrolment
import Formats
import X509

/// What strangers send to EST: a body, and the request in it.
func fuzzEST(_ bytes: [UInt8]) {
  guard let der = try? ESTRequestBody.decode(bytes) else { return }
  require(!der.isEmpty && der.count <= ESTRequestBody.longestRequest, "a body beyond the limit was read")
  let again = try? ESTRequestBody.decode(ESTBody.encode(der))
  require(again == der, "a body that was written is read differently")
  guard let request = try? VerifiedRequest(CertificateRequest(der: der)) else { return }
  let code = PairingCode(root: [], request: request)
  require(PairingCode.matches(code.description, code.characters), "a pairing code isn't its own")
}

func fuzzJoinString(_ bytes: [UInt8]) {
  guard let join = try? JoinString.decode(String(decoding: bytes, as: UTF8.self)) else { return }
  require((try? JoinString.decode(join.encode())) == join, "a join string that was written is read differently")
  require(!"\(join)".contains(join.secret.text), "a join string prints its secret")
}

func fuzzBasicCredentials(_ bytes: [UInt8]) {
  guard let credentials = BasicCredentials(authorization: String(decoding: bytes, as: UTF8.self)) else { return }
  let written =
    "Basic " + String(decoding: Base64.encode(Array("\(credentials.user):".utf8) + credentials.password), as: UTF8.self)
  let again = BasicCredentials(authorization: written)
  require(
    written.utf8.count > BasicCredentials.longest
      || (again?.user == credentials.user && again?.password == credentials.password),
    "credentials that were written are read differently")
}

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
