import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Turns whatever a handler throws into an answer, puts the headers on each answer that keep a browser from making more
/// of it than it is, and counts every request by route and status.
struct ProblemMiddleware: RouterMiddleware {
  typealias Context = WebContext

  private let table: EndpointTable
  private let wanted: [HTTPField]
  private let counters: RouteCounters
  private let logger: Logger

  /// - Parameter isSecure: whether clients come by HTTPS, and shall never come otherwise.
  init(table: EndpointTable, isSecure: Bool, telemetry: Telemetry, logger: Logger) {
    self.table = table
    wanted = Self.headers + (isSecure ? [HTTPField(name: .strictTransportSecurity, value: "max-age=31536000")] : [])
    counters = RouteCounters(factory: telemetry.factory)
    self.logger = logger
  }

  func handle(
    _ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch let problem as Problem {
      response = problem.response
      if problem.status == 401 { response.headers[.wwwAuthenticate] = "Bearer" }
    } catch let error as any HTTPResponseError {
      response = refusal(of: request, error.status)
      // Nobody reads a body that no route takes.
      if request.hasBody { response.closeAfterwards() }
    } catch is CancellationError {
      response = Problem.unavailable.response
    } catch {
      logger.error(
        "a request failed", metadata: ["route": "\(context.endpointPath ?? "none")", "error": "\(error)"])
      response = Problem.failed.response
    }
    secure(&response.headers)
    counters.count(route: context.endpointPath ?? "none", status: response.status.code)
    return response
  }

  private func refusal(of request: Request, _ status: HTTPResponse.Status) -> Response {
    guard status == .notFound else { return Problem(status.code, "REFUSED", status.reasonPhrase).response }
    let methods = table.methods(of: request.uri.path)
    if methods.isEmpty { return Problem.notFound.response }
    let allowed = methods.joined(separator: ", ")
    var response = Problem(405, "METHOD_NOT_ALLOWED", "This takes \(allowed).").response
    response.headers[.allow] = allowed
    return response
  }

  /// What an answer has set itself stays.
  private func secure(_ headers: inout HTTPFields) {
    for field in wanted where !headers.contains(field.name) { headers.append(field) }
  }

  private static let headers: [HTTPField] = [
    HTTPField(name: .xContentTypeOptions, value: "nosniff"),
    HTTPField(name: .contentSecurityPolicy, value: "default-src 'none'; frame-ancestors 'none'"),
    HTTPField(name: .referrerPolicy, value: "no-referrer"), HTTPField(name: .xFrameOptions, value: "DENY"),
    HTTPField(name: .crossOriginResourcePolicy, value: "same-origin"),
  ]
}

extension Request {
  fileprivate var hasBody: Bool {
    headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } == true
  }
}

/// One counter per route and status, made when first needed.
private final class RouteCounters: Sendable {
  private struct Key: Hashable {
    let route: String
    let status: Int
  }

  private let factory: any MetricsFactory
  private let known = Mutex<[Key: Counter]>([:])

  init(factory: any MetricsFactory) {
    self.factory = factory
  }

  func count(route: String, status: Int) {
    let counter = known.withLock { known in
      let key = Key(route: route, status: status)
      if let counter = known[key] { return counter }
      let counter = Counter(
        label: "gkm_http_requests_total", dimensions: [("route", route), ("status", String(status))], factory: factory)
      known[key] = counter
      return counter
    }
    counter.increment()
  }
}
