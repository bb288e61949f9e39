import HTTPTypes
package import Hummingbird

extension Router where Context == ServiceContext {
  /// Lets every path refuse the methods that it has no route for, and say which it has. Call it after all routes are
  /// added: the library answers 404 to them.
  package func refuseOtherMethods() {
    let paths = Dictionary(grouping: routes, by: { "\($0.path)" })
    for routes in paths.values {
      guard let path = routes.first?.path else { continue }
      var taken = Set(routes.map(\.method))
      // Added by the library for each GET.
      if taken.contains(.get) { taken.insert(.head) }
      let allowed = taken.sorted { $0.rawValue < $1.rawValue }
      for method in HTTPRequest.Method.known where !taken.contains(method) {
        on(path, method: method) { _, _ -> Response in throw Problem.methodNotAllowed(allowing: allowed) }
      }
    }
  }
}

extension HTTPRequest.Method {
  /// Those of RFC 9110, save CONNECT, of RFC 5789, and QUERY.
  static let known: [HTTPRequest.Method] =
    [.get, .head, .post, .put, .patch, .delete, .options, .trace] + [HTTPRequest.Method("QUERY")].compactMap(\.self)
}
