import ArgumentParser
import Bench
import Postgres

/// `gkmbench lists`
struct Lists: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Ask for every list, find and timeline that a person has; prints a JSON array.",
    discussion: "The database and the person are found as libpq finds them.")

  @Option(help: "How often each is asked for.") var rounds = 20

  func validate() throws {
    guard (1...10_000).contains(rounds) else { throw ValidationError("--rounds is more than 0 and not too many.") }
  }

  func run() async throws {
    let configuration = PostgresConfiguration(settings: ["plan_cache_mode": "force_custom_plan"])
    let laps = try await ListRace(rounds: rounds).run(configuration)
    print("[" + laps.map(\.json).joined(separator: ",\n") + "]")
  }
}
