import HTTPTypes
package import Hummingbird
import Market
import Synchronization

/// The routes of a server. Each is made from an endpoint's declaration, so that none is served that the policy and the
/// document do not know.
package final class EndpointTable: Sendable {
  private let endpoints = Mutex<[Endpoint]>([])

  package init() {}

  /// What is served, in the order in which it was added.
  package var served: [Endpoint] { endpoints.withLock { $0 } }

  /// Serves an endpoint.
  package func add(
    _ endpoint: Endpoint, to router: Router<WebContext>, _ handle: @escaping @Sendable (Call) async throws -> Response
  ) {
    endpoints.withLock { $0.append(endpoint) }
    guard let method = HTTPRequest.Method(rawValue: endpoint.rule.method) else {
      preconditionFailure("\(endpoint.rule.method) is no method")
    }
    router.on(RouterPath(Self.routerPath(endpoint.rule.path)), method: method) { request, context in
      try await handle(try Call(endpoint, request, context))
    }
  }

  /// `/v1/listings/:id` for `/v1/listings/{id}`.
  private static func routerPath(_ path: String) -> String {
    path.replacing("{", with: ":").replacing("}", with: "")
  }

  /// The methods that a path takes; none where it is not served.
  func methods(of path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: true)
    let methods = endpoints.withLock { endpoints in
      endpoints.filter { Self.matches($0.rule.path, parts) }.map(\.rule.method)
    }
    return methods.contains("GET") ? methods + ["HEAD"] : methods
  }

  private static func matches(_ template: String, _ parts: [Substring]) -> Bool {
    let wanted = template.split(separator: "/")
    return wanted.count == parts.count && zip(wanted, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
  }
}
