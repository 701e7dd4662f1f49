import ArgumentParser
import Console
import Market
import Postgres

/// `gkm break`
struct BreakCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "break", abstract: "Work on a difference between Stripe and us; as ops or admin.",
    subcommands: [Assign.self, Explain.self, Close.self])

  struct Assign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "assign", abstract: "Give a break to a person of the staff.")

    @OptionGroup var work: BreakOptions

    @Option(help: ArgumentHelp("Whose it is from now on; by default yours.", valueName: "login"))
    var to: String?

    func run() async throws {
      let to = to
      try await work.run { try await BreakReport.assign($0, to: to, reason: $1, on: $2) }
    }
  }

  struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "explain", abstract: "Say why there is a difference; it stays in view until it is gone or closed.")

    @OptionGroup var work: BreakOptions

    func run() async throws {
      try await work.run { try await BreakReport.explain($0, reason: $1, on: $2) }
    }
  }

  struct Close: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "close", abstract: "End the work on a break; it opens again if it differs anew.")

    @OptionGroup var work: BreakOptions

    func run() async throws {
      try await work.run { try await BreakReport.close($0, reason: $1, on: $2) }
    }
  }
}

/// Why something is done.
struct ReasonOptions: ParsableArguments {
  @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
  var reason: String

  func check(_ connection: ConnectionOptions) throws {
    if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
  }
}

/// What every command about a break takes.
struct BreakOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The break's id, as 'gkm list breaks' gives it.", valueName: "break"))
  var id: Int64

  @OptionGroup var reason: ReasonOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws { try reason.check(connection) }

  func run(
    _ act: @escaping @Sendable (ReconBreakID, String, PostgresConnection) async throws -> String
  ) async throws {
    let (id, text) = (ReconBreakID(id), reason.reason)
    print(try await connection.connection.connected { try await act(id, text, $0) })
  }
}
