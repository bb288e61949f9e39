import SwiftASN1
import X509

/// Certificate policies along a path (RFC 5280 §6.1), for a verifier that takes any policy and asks for none itself:
/// what remains to know is whether some policy is valid for the whole path once an authority requires one.
///
/// The policy tree is kept as the set of its lowest level, so that its size is bounded by the certificates' own.
struct PolicyRules {
  private var explicitPolicy: Int
  private var policyMapping: Int
  private var inhibitAny: Int
  /// Policies that the next certificate may name.
  private var expected: Set<ASN1ObjectIdentifier> = []
  private var expectsAny = true

  /// - Parameter count: the certificates of the path without its anchor.
  init(count: Int) {
    explicitPolicy = count + 1
    policyMapping = count + 1
    inhibitAny = count + 1
  }

  /// §6.1.3 (d) to (f), then §6.1.4 for an authority or §6.1.5 for the leaf.
  mutating func process(_ facts: CertificateFacts, isLeaf: Bool) -> Reason? {
    take(facts.policies.policies, mayBeAny: inhibitAny > 0 || (!isLeaf && facts.isSelfIssued))
    if explicitPolicy == 0, isEmpty { return .policy }
    if isLeaf {
      explicitPolicy = max(0, explicitPolicy - 1)
      if facts.policies.requireExplicit == 0 { explicitPolicy = 0 }
      return explicitPolicy == 0 && isEmpty ? .policy : nil
    }
    map(facts.policies.mappings)
    if !facts.isSelfIssued {
      explicitPolicy = max(0, explicitPolicy - 1)
      policyMapping = max(0, policyMapping - 1)
      inhibitAny = max(0, inhibitAny - 1)
    }
    explicitPolicy = min(explicitPolicy, facts.policies.requireExplicit ?? .max)
    policyMapping = min(policyMapping, facts.policies.inhibitMapping ?? .max)
    inhibitAny = min(inhibitAny, facts.policies.inhibitAny ?? .max)
    return nil
  }

  private var isEmpty: Bool { expected.isEmpty && !expectsAny }

  private mutating func take(_ policies: Set<ASN1ObjectIdentifier>?, mayBeAny: Bool) {
    guard let policies else {
      expected = []
      expectsAny = false
      return
    }
    let named = policies.subtracting([ExtensionID.anyPolicy])
    let any = policies.contains(ExtensionID.anyPolicy) && mayBeAny
    let valid = expectsAny ? named : named.intersection(expected)
    expected = any ? valid.union(expected) : valid
    expectsAny = any && expectsAny
  }

  private mutating func map(_ mappings: [(issuer: ASN1ObjectIdentifier, subject: ASN1ObjectIdentifier)]) {
    guard !mappings.isEmpty else { return }
    let mapped = mappings.filter { expectsAny || expected.contains($0.issuer) }
    expected.subtract(mappings.map(\.issuer))
    if policyMapping > 0 { expected.formUnion(mapped.map(\.subject)) }
  }
}
