import SwiftASN1

extension FormatError {
  /// Runs ASN.1 code and turns what it throws into `.malformed` of the named format.
  static func decoding<T>(_ format: String, _ body: () throws -> T) throws(FormatError) -> T {
    do {
      return try body()
    } catch let error as FormatError {
      throw error
    } catch let error as ASN1Error {
      throw .malformed(format: format, reason: error.reasonInWords)
    } catch {
      throw .malformed(format: format, reason: "it could not be decoded")
    }
  }
}

extension ASN1Error {
  /// The library's own description names source lines, which mean nothing to an operator.
  fileprivate var reasonInWords: String {
    switch code {
    case .truncatedASN1Field: "the DER is cut short"
    case .unexpectedFieldType: "a DER field has another type than expected"
    case .invalidASN1IntegerEncoding: "a DER integer is malformed"
    case .unsupportedFieldLength: "a DER length is malformed"
    default: "the DER does not have the expected structure"
    }
  }
}

extension DERSerializable {
  /// The DER of this value.
  func derBytes() throws(FormatError) -> [UInt8] {
    do {
      var serializer = DER.Serializer()
      try serializer.serialize(self)
      return serializer.serializedBytes
    } catch {
      throw .malformed(format: "\(Self.self)", reason: "it could not be encoded")
    }
  }
}

extension ASN1NodeCollection.Iterator {
  /// The next node, or an error where the structure ends too early.
  mutating func require() throws -> ASN1Node {
    guard let node = next() else { throw ASN1Error.truncatedASN1Field() }
    return node
  }

  /// Steps over what an extensible or optional tail holds.
  mutating func skipRest() {
    while next() != nil {}
  }
}

extension ASN1Node {
  /// The nodes of a constructed node, whatever its tag.
  var children: [ASN1Node]? {
    guard case .constructed(let nodes) = content else { return nil }
    return Array(nodes)
  }
}
