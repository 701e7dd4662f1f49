import ArgumentParser
import FoundationEssentials
import Glibc
import Logging
import Outbound
import ServiceLifecycle
import StripeSimulator

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve the API and the payment page, and send webhooks.",
    discussion: """
      Prints one line once it takes calls. Beside Stripe's API under /v1 there is /_sim: pay a session with \
      POST /_sim/sessions/ID/pay, turn knobs with POST /_sim/knobs, see GET /_sim/stats.
      """)

  @Option(help: "Loopback address to listen on.")
  var host = "127.0.0.1"

  @Option(help: "Port to listen on; 0 takes any that is free.")
  var port = 12111

  @Option(help: "Address and port in one, as HOST:PORT.")
  var listen: String?

  @Option(name: [.customLong("webhook-url"), .customLong("webhook")], help: "Where to send events.")
  var webhookURL: String?

  @Option(help: "What to sign events with; by default STRIPE_WEBHOOK_SECRET.")
  var webhookSecret: String?

  @Option(help: "Comma-separated event types to send; * for all, by default those the market handles.")
  var webhookTypes: String?

  @Option(help: "Deliveries in flight at most.")
  var webhookConcurrency = 32

  @Option(help: "Seconds an endpoint may take to answer.")
  var webhookTimeout = 10.0

  @Option(help: "The key callers must show; by default STRIPE_API_KEY.")
  var apiKey: String?

  @Option(help: "How many times faster than Stripe's the webhook retries come.")
  var timeScale = 60.0

  @Option(
    name: .customLong("knob"),
    help: "A fault to play, as NAME=VALUE; may be repeated. \(Knobs.names.joined(separator: ", ")).")
  var knobs: [String] = []

  @Option(
    help: """
      A file of payments made before, to refund and to dispute: on each line a JSON object with payment_intent, charge, \
      amount, currency, created, and perhaps amount_refunded, email, name, card_brand, card_last4, metadata, disputes.
      """)
  var history: String?

  @Option(help: "Also play customers: how many begin a checkout each second.")
  var trafficRate: Double?

  @Option(help: "The market's base URL for the customers; by default GKM_URL.")
  var gkmURL: String?

  func run() async throws {
    let configuration = try makeConfiguration()
    let traffic = try trafficRate.map { try (rate: $0, market: marketURL()) }
    let outbound = try OutboundClient(connectionsPerHost: max(64, configuration.webhookConcurrency))
    defer { outbound.close() }
    let apiKey = configuration.apiKey
    let (addresses, address) = AsyncStream.makeStream(of: String.self)
    let simulator = Simulator(configuration, over: outbound) { url in
      announce("stripesim ready \(url)")
      address.yield(url)
      address.finish()
    }
    if let history {
      do { try simulator.remember(history: Array(try Data(contentsOf: URL(fileURLWithPath: history)))) } catch {
        throw ValidationError("--history \(history): \(error)")
      }
    }
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: simulator, successTerminationBehavior: .gracefullyShutdownGroup)
    ]
    if let traffic {
      let customers = Customers(addresses: addresses) { url in
        Traffic(
          TrafficConfiguration(marketURL: traffic.market, simulatorURL: url, apiKey: apiKey, rate: traffic.rate),
          over: outbound, report: tell)
      }
      services.append(.init(service: customers, successTerminationBehavior: .ignore))
    }
    try await runServices(services)
  }

  private func makeConfiguration() throws -> SimulatorConfiguration {
    var configuration = SimulatorConfiguration(
      host: host, port: port, apiKey: apiKey ?? environment("STRIPE_API_KEY") ?? SimulatorConfiguration.defaultAPIKey,
      webhookURL: webhookURL,
      webhookSecret: webhookSecret ?? environment("STRIPE_WEBHOOK_SECRET")
        ?? SimulatorConfiguration.defaultWebhookSecret,
      webhookConcurrency: webhookConcurrency, webhookTimeout: .seconds(webhookTimeout), timeScale: timeScale)
    if let listen {
      guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]) else {
        throw ValidationError("--listen wants HOST:PORT, such as 127.0.0.1:12111, not '\(listen)'.")
      }
      configuration.host = listen[..<colon].trimming("[]")
      configuration.port = port
    }
    guard SimulatorConfiguration.isLoopback(configuration.host) else {
      throw ValidationError("\(configuration.host) is no loopback address: stripesim has no protection of its own.")
    }
    if let webhookTypes { configuration.webhookTypes = webhookTypes.split(separator: ",").map(String.init) }
    for knob in knobs {
      let halves = knob.split(separator: "=", maxSplits: 1).map(String.init)
      guard halves.count == 2, let value = Double(halves[1]), configuration.knobs.set(halves[0], to: value) else {
        throw ValidationError("--knob \(knob): no such knob, or not its range. See --help.")
      }
    }
    return configuration
  }

  private func marketURL() throws -> String {
    guard let url = gkmURL ?? environment("GKM_URL") else {
      throw ValidationError("--traffic-rate needs --gkm-url, or GKM_URL in the environment.")
    }
    return url
  }
}

/// Customers who wait for the simulator to take calls.
private struct Customers: Service {
  let addresses: AsyncStream<String>
  let traffic: @Sendable (String) -> Traffic

  func run() async throws {
    for await url in addresses.cancelOnGracefulShutdown() { try await traffic(url).run() }
  }
}

extension Substring {
  fileprivate func trimming(_ characters: String) -> String {
    String(drop { characters.contains($0) }.reversed().drop { characters.contains($0) }.reversed())
  }
}
