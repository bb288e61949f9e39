import Credentials
import Foundation
import SwiftASN1
import Synchronization
import X509

extension RouterService {
  var status: RouterStatus {
    let now = Self.milliseconds()
    return state.withLock { state in
      RouterStatus(
        workers: workers.count, configuredAt: state.configuredAt, lastProblem: state.refusal?.problem,
        droppedLogLines: lines.dropped,
        listeners: (state.snapshot?.listeners ?? []).filter { $0.admin == nil }.map { listener in
          RouterStatus.Listener(
            name: listener.name, address: state.addresses[listener.name] ?? "",
            certificateNotAfter: listener.recipe?.credential?.notAfter,
            revocationStaleSince: listener.revocationStaleSince)
        },
        clusters: (state.snapshot?.clusters ?? []).map { cluster in
          RouterStatus.Cluster(
            name: cluster.name, certificateNotAfter: cluster.recipe?.credential?.notAfter,
            revocationStaleSince: cluster.revocationStaleSince,
            endpoints: cluster.current.map { endpoint in
              .init(
                address: endpoint.location.address.description, isHealthy: endpoint.isHealthy,
                isEjected: endpoint.isEjected(at: now), connections: endpoint.connections)
            }, unresolved: cluster.unresolved.map(\.description))
        })
    }
  }
}

extension RouterCredential {
  fileprivate var notAfter: Date? { chain.first.flatMap { try? Certificate(derEncoded: $0) }?.notValidAfter }
}

/// What an operator is told of any error.
struct RouterProblem {
  let message: String
  let hint: String?

  init(_ error: any Error) {
    let explained = error as? any ExplainedError
    message = explained?.message ?? "\(error)"
    hint = explained?.hint
  }
}
