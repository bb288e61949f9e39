package import Hummingbird

/// A part of the service that answers on some paths. Routes decode, call, encode; the work is done elsewhere.
package protocol RouteProvider: Sendable {
  func addRoutes(to router: Router<ServiceContext>)
}
