import ArgumentParser
import Daemon
import Postgres
import Store

/// `gkmd check-config`
struct CheckConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config",
    abstract: "Print every setting in force and where it comes from; secrets are not shown.",
    discussion: """
      Exits with 78 and one line for each problem if the parts could not run with it. Where the database answers, it \
      warns of a Stripe key that is of another mode than the market.
      """)

  @OptionGroup var options: ConfigurationOptions
  @OptionGroup var selection: PartOptions

  func validate() throws { _ = try selection.parts() }

  func run() async throws {
    let (configuration, entries) = try options.load()
    let width = entries.map(\.name.count).max() ?? 0
    for entry in entries {
      let name = entry.name + String(repeating: " ", count: width - entry.name.count)
      print("\(name) = \(entry.value)  # \(entry.origin)")
    }
    let missing = configuration.missing(for: try selection.parts())
    guard missing.isEmpty else {
      throw Failure(missing.map(\.message).joined(separator: "\n"), status: 78)
    }
    if let problem = await modeProblem(configuration) { Failure.say("warning: \(problem)") }
  }

  private static let patience = Duration.seconds(3)

  /// A database that does not answer has nothing to say here.
  private func modeProblem(_ configuration: Configuration) async -> String? {
    let database = configuration.database
    guard !database.conninfo.isEmpty, let keyIsLive = configuration.stripe.isLive else { return nil }
    let target = PostgresConfiguration(
      conninfo: database.conninfo, password: database.password?.text, applicationName: "gkmd check-config",
      connectTimeout: Self.patience, statementTimeout: Self.patience, lockTimeout: Self.patience)
    guard let connection = try? await PostgresConnection.connect(target) else { return nil }
    let installation = try? await connection.read { try Installation.read($0) }
    await connection.close()
    return installation?.problem(withKeyThatIsLive: keyIsLive)
  }
}
