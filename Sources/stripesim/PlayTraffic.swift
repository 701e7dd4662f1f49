import ArgumentParser
import Outbound
import ServiceLifecycle
import StripeSimulator

struct PlayTraffic: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "traffic",
    abstract: "Play customers: they check out at the market and pay at a running 'stripesim serve'.",
    discussion: """
      Most pay at once, some are declined first, some use a slow method, some leave; a few are refunded or dispute \
      the charge later. How it goes is told on standard error.
      """)

  @Option(help: "Customers who begin a checkout each second, on average.")
  var rate = 1.0

  @Option(help: "How many in all; without it, no end.")
  var orders: Int?

  @Option(name: .customLong("gkm-url"), help: "The market's base URL; by default GKM_URL.")
  var gkmURL: String?

  @Option(help: "The simulator's base URL; by default STRIPE_API_BASE.")
  var stripeURL: String?

  @Option(help: "The simulator's key; by default STRIPE_API_KEY.")
  var apiKey: String?

  @Option(help: "Comma-separated ids of listings to buy; without it, the market's catalogue is asked.")
  var listings: String?

  @Option(help: "Customers under way at most.")
  var concurrency = 500

  @Option(help: "Seconds a customer thinks before paying, at most.")
  var think = 2.0

  @Option(help: "Seconds between payment and a refund or dispute, at most.")
  var regret = 60.0

  @Option(help: "Share of customers who leave without paying.")
  var abandon = 0.07

  @Option(help: "Share of payments refunded later.")
  var refunds = 0.01

  @Option(help: "Share of payments disputed later.")
  var disputes = 0.004

  func run() async throws {
    guard let market = gkmURL ?? environment("GKM_URL") else {
      throw ValidationError("Name the market's base URL with --gkm-url or GKM_URL.")
    }
    guard rate > 0, rate <= 100_000 else { throw ValidationError("--rate is above 0 and at most 100000.") }
    var configuration = TrafficConfiguration(
      marketURL: market, simulatorURL: stripeURL ?? environment("STRIPE_API_BASE") ?? "http://127.0.0.1:12111",
      apiKey: apiKey ?? environment("STRIPE_API_KEY") ?? SimulatorConfiguration.defaultAPIKey, rate: rate,
      orders: orders, listings: try parsedListings(), concurrency: concurrency, thinking: .seconds(think))
    configuration.regret = .seconds(regret)
    configuration.abandoned = abandon
    configuration.refunded = refunds
    configuration.disputed = disputes
    let outbound = try OutboundClient(connectionsPerHost: min(max(concurrency, 8), 256))
    defer { outbound.close() }
    let traffic = Traffic(configuration, over: outbound, report: tell)
    try await runServices([.init(service: traffic, successTerminationBehavior: .gracefullyShutdownGroup)])
  }

  private func parsedListings() throws -> [Int64] {
    try (listings ?? "").split(separator: ",").map { text in
      guard let id = Int64(text) else { throw ValidationError("--listings: '\(text)' is no listing id.") }
      return id
    }
  }
}
