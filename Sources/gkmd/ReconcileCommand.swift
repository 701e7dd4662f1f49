import ArgumentParser
import Daemon
import Logging
import Market
import Store

/// `gkmd reconcile`
struct ReconcileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reconcile",
    abstract: "Hold what Stripe says against the database once, over a window of time, as gkm_daemon.",
    discussion: """
      Events that never came are taken in, differences become breaks, and what Stripe can heal is left to the workers \
      of gkmd serve, which does all of this by itself all the time. With --dry-run it only says what it would do.
      """)

  enum Kind: String, CaseIterable, ExpressibleByArgument {
    case events, objects, balance, all
  }

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp(
      "From when on, by Stripe's clock: a span back from now as 90m, 6h or 3d, or a time as 2026-03-01T12:00:00Z.",
      valueName: "time"))
  var since: String

  @Option(help: ArgumentHelp("Until when; by default now, less what is in flight.", valueName: "time"))
  var until: String?

  @Option(help: ArgumentHelp("What to go through: events, objects, balance or all.", valueName: "kind"))
  var kind = Kind.all

  @Flag(help: "Say what would be done, and change nothing.")
  var dryRun = false

  func run() async throws {
    let (configuration, _) = try options.load()
    let now = ReconcileOnce.now()
    let since = try Self.moment(since, of: "--since", now)
    let until = try until.map { try Self.moment($0, of: "--until", now) }
    guard since < until ?? now else { throw Failure("--since is not before --until", status: 64) }
    guard now - since <= ReconPlan.longestWindow else {
      throw Failure("--since is more than 30 days ago: Stripe lists no events that old", status: 64)
    }
    let once = ReconcileOnce(
      configuration: configuration, from: since, until: until, isDry: dryRun,
      logger: Logger(label: "gkmd", factory: { _ in SwiftLogNoOpLogHandler() }))
    let kinds = ReconKind(rawValue: kind.rawValue).map { [$0] } ?? ReconKind.allCases
    do {
      let count = try await once.run(kinds) { print($0) }
      print(Self.summary(count, isDry: dryRun))
    } catch let error as ConfigurationError {
      throw Failure(error.description, status: 78)
    } catch let error as ReconcileOnce.StripeFailed {
      throw Failure(error.description, status: 69)
    }
  }

  private static func summary(_ count: Int, isDry: Bool) -> String {
    guard count > 0 else { return "Stripe and the database agree." }
    return isDry ? "\(count) found; nothing was changed." : "\(count) found."
  }

  private static func moment(_ text: String, of option: String, _ now: Instant) throws -> Instant {
    if let moment = Instant(rfc3339: text) { return moment }
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    if let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...100_000_000).contains(count)
    {
      return now - .seconds(count * unit)
    }
    throw Failure("\(option) \(text): a span as 90m, 6h or 3d, or a time as 2026-03-01T12:00:00Z is wanted", status: 64)
  }
}
