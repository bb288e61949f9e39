/// A way past a route's rules: a wider route of the same listener, or its `to`, leads to the same backend without any. A
/// path that the backend reads as the narrow one, and the router doesn't, is let through there.
package struct RouteBypass: Hashable, Sendable {
  /// Which listener it is, counted from 0, as the routes are.
  package var listener: Int
  /// The route with rules.
  package var route: Int
  /// The one without; nil for the listener's `to`.
  package var wider: Int?
  /// Where both lead.
  package var cluster: String
}

extension RouterConfiguration {
  /// One for each route whose rules can be gone round.
  package var bypasses: [RouteBypass] {
    listeners.enumerated().flatMap { index, listener in
      listener.routes.indices.compactMap { bypass(listener, index, route: $0) }
    }
  }

  private func bypass(_ listener: ListenerConfiguration, _ index: Int, route: Int) -> RouteBypass? {
    // Where the listener allows nobody by itself, nobody passes by a route without rules.
    guard listener.protocol == .http, listener.clients?.rules.allow.isEmpty == false else { return nil }
    let narrow = listener.routes[route]
    guard !narrow.rules.isEmpty else { return nil }
    let wider = listener.routes.firstIndex { other in
      other.rules.isEmpty && other.covers(narrow) && haveCommonBackend(other.to, narrow.to)
    }
    guard wider != nil || listener.to.map({ haveCommonBackend($0, narrow.to) }) == true else { return nil }
    return RouteBypass(listener: index, route: route, wider: wider, cluster: narrow.to)
  }

  private func haveCommonBackend(_ one: String, _ other: String) -> Bool {
    one == other || !endpoints(of: one).isDisjoint(with: endpoints(of: other))
  }

  private func endpoints(of cluster: String) -> Set<EndpointLocation> {
    Set(clusters.filter { $0.name == cluster }.flatMap(\.endpoints))
  }
}

extension RouteConfiguration {
  /// Whether it fits whatever another fits.
  fileprivate func covers(_ other: RouteConfiguration) -> Bool {
    // A star in the other's pattern is a character like any: only a star takes it.
    if let host, other.host.map({ host.matches($0.text) }) != true { return false }
    guard let path else { return true }
    guard let narrow = other.path?.utf8, narrow.starts(with: path.utf8) else { return false }
    let slash = UInt8(ascii: "/")
    let next = narrow.dropFirst(path.utf8.count).first
    return path.utf8.last == slash || next == nil || next == slash
  }
}
