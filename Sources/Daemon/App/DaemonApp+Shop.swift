import Hummingbird
import Logging
import ServiceLifecycle
import Stripe

extension DaemonApp {
  /// The catalogue, checkout and what customers ask about their orders. Answers what has to run beside it.
  func addShop(
    to router: Router<WebContext>, _ table: EndpointTable, _ means: DaemonMeans, installation: InstallationWatch,
    guardian: RateGuard, budget: BodyBudget
  ) throws -> any Service {
    let settings = configuration.checkout
    let stripe = means.stripe(deadline: settings.stripeDeadline)
    let vault = try means.demandVault()
    let cache = CatalogueCache(
      redis: means.redis, installation: installation, ttl: configuration.api.catalogueTTL)
    let desk = CheckoutDesk(
      settings: settings, pool: means.pool, vault: vault, stripe: stripe, ticks: means.ticks, catalogue: cache,
      telemetry: means.telemetry, logger: logger)
    ShopRoutes(
      desk: desk, settings: settings, api: configuration.api, http: configuration.http, pool: means.pool, vault: vault,
      cache: cache, guardian: guardian, budget: budget, telemetry: means.telemetry
    ).add(to: router, table)
    OrderRoutes(
      settings: settings, api: configuration.api, http: configuration.http, pool: means.pool, stripe: stripe,
      guardian: guardian, budget: budget, logger: logger
    ).add(to: router, table)
    return ReservationSweep(
      pool: means.pool, stripe: stripe, interval: settings.sweepInterval, ticks: means.ticks, catalogue: cache,
      telemetry: means.telemetry, logger: logger)
  }

  /// The document of all that is served, itself included; to be added last.
  func addDocument(to router: Router<WebContext>, _ table: EndpointTable) {
    let bytes = OpenAPIDocument.make(table.served + [.document], server: configuration.http.publicURL).bytes
    table.add(.document, to: router) { .tagged(bytes, unless: $0.request.headers[.ifNoneMatch]) }
  }
}
