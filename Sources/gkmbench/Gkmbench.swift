import ArgumentParser
import Bench
import Glibc

/// Makes the load of the benchmark. Never installed: `make bench` runs it.
@main
struct Gkmbench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gkmbench", abstract: "Makes the load of the benchmark on this machine, and says how it went.",
    subcommands: [Post.self, Body.self, Reserve.self, Lists.self, Imports.self])
}

/// What the events are like.
struct EventOptions: ParsableArguments {
  @Option(help: "The first order's id; each event is about the next.") var first: Int64 = 1
  @Option(help: "Letters that tell this run's events from another's.") var series = "run"
  @Option(help: "What each order costs, in minor units.") var amount: Int64 = 1_999
  @Option(help: "The currency.") var currency = "eur"

  func forge(host: String, path: String, secret: String) -> EventForge {
    EventForge(series: series, host: host, path: path, secret: secret, amount: amount, currency: currency)
  }
}

/// `gkmbench body`: one event, for those who store it another way.
struct Body: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print one event.")

  @OptionGroup var events: EventOptions

  func run() {
    let body = events.forge(host: "", path: "", secret: "").body(order: events.first, timestamp: Int64(time(nil)))
    print(String(decoding: body, as: UTF8.self), terminator: "")
  }
}

/// `gkmbench post`
struct Post: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Post events, each about another order; prints one JSON object.",
    discussion: "The endpoint's signing secret stands in $STRIPE_WEBHOOK_SECRET.")

  @OptionGroup var events: EventOptions
  @Option(help: "An IPv4 address and a port.") var target: String
  @Option(help: "The path to post to.") var path = "/webhooks/stripe"
  @Option(help: "Keep-alive connections.") var connections = 48
  @Option(help: "Events at most.") var count: Int
  @Option(help: "Events per second; without it, as fast as they are answered.") var rate: Double?
  @Option(help: "Send nothing after so many seconds.") var seconds: Double = 60
  @Flag(help: "Send what was refused again.") var repeatRefused = false
  @Option(help: "A file for one line per event: order, sent at, latency, in microseconds.") var record: String?

  func validate() throws {
    guard (1...10_000).contains(connections), (1...5_000_000).contains(count), seconds > 0, rate ?? 1 > 0 else {
      throw ValidationError("connections, count, seconds and rate are more than 0 and not too many.")
    }
  }

  func run() throws {
    let parts = target.split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]) else { throw ValidationError("--target is host:port.") }
    let secret = getenv("STRIPE_WEBHOOK_SECRET").map { String(cString: $0) } ?? ""
    let tape = events.forge(host: target, path: path, secret: secret)
      .tape(first: events.first, count: count, timestamp: Int64(time(nil)))
    let plan = LoadGenerator.Plan(
      host: String(parts[0]), port: port, connections: connections, rate: rate, seconds: seconds,
      repeatsRefused: repeatRefused)
    let result = try LoadGenerator.run(plan, tape)
    if let record { try write(result.lines(firstOrder: tape.firstOrder), to: record) }
    print(result.json(meanRequestBytes: tape.meanBytes))
  }

  private func write(_ text: String, to path: String) throws {
    guard let file = fopen(path, "w") else { throw ValidationError("cannot write \(path)") }
    fputs(text, file)
    fclose(file)
  }
}
