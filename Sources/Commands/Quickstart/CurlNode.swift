/// What a node types that has nothing but curl, openssl and a shell. The join string's secret is in no argument.
enum CurlNode {
  static func invitation(url: String) -> String {
    "countersign invite node-1 --org Example --url \(url) -o node-1.join"
  }

  static func enrolment(url: String) -> String {
    let est = "\(url)/.well-known/est"
    return """
      # a key, which stays here
      openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout node-1.key -subj /O=Example/CN=node-1 -out node-1.csr
      # the root, known by its hash in the join string; until it is found, nothing secret is sent
      curl -sS --fail --insecure \(est)/cacerts | \(certificates) >cacerts.pem
      csplit -sz -f ca- cacerts.pem /-----BEGIN/ '{*}'
      sha256=$(sed 's/.*#root=\\([0-9a-f]*\\).*/\\1/' ../node-1.join)
      for ca in ca-*; do if openssl x509 -in $ca -outform DER | sha256sum | grep -q $sha256; then mv $ca root.crt; fi; done
      cat root.crt >/dev/null && cat ca-* >intermediates.crt
      # the certificate, for the token in the join string
      umask 077 && sed 's/.*&id=\\([^&]*\\)&secret=\\(.*\\)/user = "\\1:\\2"/' ../node-1.join >node-1.curl
      \(request("node-1.csr")) | curl -sS --fail --cacert root.crt --config node-1.curl \(post) \(est)/simpleenroll | \(certificates) >node-1.crt
      cat node-1.crt intermediates.crt >node-1.pem
      """
  }

  static func renewal(url: String) -> String {
    """
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout next.key -subj /O=Example/CN=node-1 -out next.csr
    \(request("next.csr")) | curl -sS --fail --cacert root.crt --cert node-1.pem --key node-1.key \(post) \(url)/.well-known/est/simplereenroll | \(certificates) >next.crt
    cat next.crt intermediates.crt >node-1.pem && mv next.crt node-1.crt && mv next.key node-1.key
    """
  }

  /// Asks where the certificate says that one may ask.
  static let ocsp =
    "openssl ocsp -issuer \(issuing) -cert node-2.crt -url $(openssl x509 -in node-2.crt -noout -ocsp_uri) "
    + "-CAfile ../ca.crt -verify_other \(issuing)"
  static let revocationList =
    "curl -sS --fail $(openssl x509 -in node-2.crt -noout -ext crlDistributionPoints | sed -n 's/ *URI://p') | "
    + "openssl crl -inform DER -out node-2.crl\n"
    + "openssl verify -crl_check -CAfile ../ca.crt -untrusted \(issuing) -CRLfile node-2.crl node-2.crt"

  private static let issuing = "../node-1/intermediates.crt"
  private static let certificates = "openssl base64 -d -A | openssl pkcs7 -inform DER -print_certs"
  private static let post = "-H 'Content-Type: application/pkcs10' --data-binary @-"
  private static func request(_ file: String) -> String { "openssl req -in \(file) -outform DER | openssl base64" }
}
