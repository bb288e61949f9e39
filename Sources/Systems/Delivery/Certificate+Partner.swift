import X509

extension Certificate {
  /// An authority that another organization runs below somebody else's, with names that it may certify and others that
  /// it may not. What knows nodes by CN or O alone must not trust it: no such limit covers these.
  var isPartnerIntermediate: Bool {
    subject != issuer && extensions.contains { $0.oid == .X509ExtensionID.nameConstraints }
  }
}
