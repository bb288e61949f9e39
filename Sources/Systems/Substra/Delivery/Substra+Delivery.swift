import Formats

extension Substra {
  /// - Throws: ``FleetError`` where a user's file can't be merged, or a CA of clientCAs can't be trusted.
  package func deliver(
    _ supply: Supply, using random: inout some RandomNumberGenerator
  ) throws(FleetError) -> Delivery {
    let site = try SubstraSite(self, supply.files)
    let authorities = SubstraAuthorities(orchestrator, supply)
    let sources = Dictionary(site.backends.map { ($0.mspID, $0.declared.source) }) { first, _ in first }
    var organizations: [SubstraOrganizationCAs] = []
    for mspID in site.mspIDs {
      organizations.append(try authorities.organization(mspID, source: sources[mspID]))
    }
    var delivery = Delivery()
    // First the side that has to know the others' CAs.
    try SubstraOrchestratorFolder(
      site: site.orchestrator, authorities: authorities, organizations: organizations, supply: supply
    ).add(to: &delivery)
    delivery.warnings += warnings(site.orchestrator)
    for backend in site.backends {
      try SubstraBackendFolder(
        site: backend, orchestrator: site.orchestrator, authorities: authorities, supply: supply
      ).add(to: &delivery)
    }
    return delivery
  }

  private func warnings(_ site: SubstraOrchestratorSite) -> [String] {
    var warnings: [String] = []
    if !site.verifiesMSPID {
      warnings.append(
        "verifyClientMSPID is off: any client whose certificate can be verified may claim any organization's MSP ID")
    }
    if site.values.hasCertManager {
      warnings.append(
        "orchestrator.tls.createCertificates.enabled is on: cert-manager writes the Secret "
          + "\(SubstraNames.serverPair) too; turn it off")
    }
    return warnings
  }
}
