import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging
import Synchronization

/// Turns whatever a handler throws into an answer, and counts every request by route and status.
struct ProblemMiddleware: RouterMiddleware {
  typealias Context = WebContext

  private let counters: RouteCounters
  private let logger: Logger

  init(telemetry: Telemetry, logger: Logger) {
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
    } catch let error as any HTTPResponseError {
      response =
        error.status == .notFound
        ? Problem.notFound.response
        : Problem(error.status.code, "REFUSED", error.status.reasonPhrase).response
      // Nobody reads a body that no route takes.
      if request.hasBody { response.closeAfterwards() }
    } catch is CancellationError {
      response = Problem.unavailable.response
    } catch {
      logger.error(
        "a request failed", metadata: ["route": "\(context.endpointPath ?? "none")", "error": "\(error)"])
      response = Problem.failed.response
    }
    counters.count(route: context.endpointPath ?? "none", status: response.status.code)
    return response
  }
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
