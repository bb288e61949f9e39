extension VerifiedRequest {
  /// Holds a request against what the operator expects of it.
  /// - Throws: ``RequestError/commonNameDiffers(asked:expected:)``, ``RequestError/organizationDiffers(asked:expected:)``.
  package func require(commonName: String?, organization: String?) throws(RequestError) {
    if let commonName, subject.commonName != commonName {
      throw .commonNameDiffers(asked: subject.commonName ?? "(none)", expected: commonName)
    }
    if let organization, subject.organization != organization {
      throw .organizationDiffers(asked: subject.organization, expected: organization)
    }
  }
}
