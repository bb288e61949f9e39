/// The files of a certificate and its key.
package struct IdentityFiles: Hashable, Sendable {
  /// The leaf, then its intermediates.
  package var certificate: String
  package var key: String
  /// The file with the passphrase of the key; nil where the key has none.
  package var passphraseFile: String?

  package init(certificate: String, key: String, passphraseFile: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.passphraseFile = passphraseFile
  }
}
