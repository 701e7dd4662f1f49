import Hummingbird
import ServiceLifecycle
import Store

extension DaemonApp {
  /// What finds the orders of an address: pages where there are pages, the API where there is one.
  func addLookup(
    to router: Router<WebContext>, _ table: EndpointTable, _ means: DaemonMeans, limiter: RateLimiter,
    budget: BodyBudget, wake: WakeBoard
  ) throws {
    guard !parts.isDisjoint(with: [.pages, .checkout]) else { return }
    let http = configuration.http
    let guardian = RateGuard(limiter: limiter, clients: http.addressRule)
    let lookup = AddressLookup(
      pool: means.pool, vault: try means.demandVault(), publicURL: http.publicURL, wake: Self.waking(wake, means.redis))
    if parts.contains(.pages) {
      LookupPages(
        lookup: lookup, settings: configuration.page, pages: try PageRenderer(), guardian: guardian, budget: budget,
        bodyTimeout: http.bodyTimeout, logger: logger
      ).addRoutes(to: router, table)
    }
    if parts.contains(.checkout) {
      LookupRoutes(
        lookup: lookup, settings: configuration.page, guardian: guardian, budget: budget, bodyTimeout: http.bodyTimeout
      ).add(to: router, table)
    }
  }

  /// The reader of bounces, where there is a mailbox for them.
  func bounces(_ means: DaemonMeans, wake: WakeBoard) throws -> [any Service] {
    let mail = configuration.mail
    guard let folder = mail.bounces else { return [] }
    return [
      BounceReader(
        folder: folder, report: BounceReport(vault: try means.demandVault(), address: mail.bounceAddress),
        pool: means.pool, interval: mail.bounceInterval, telemetry: BounceTelemetry(factory: means.telemetry.factory),
        logger: means.logger, wake: Self.waking(wake, means.redis))
    ]
  }
}
