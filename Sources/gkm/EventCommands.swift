import ArgumentParser
import Console

/// `gkm event`
struct EventCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "event", abstract: "Look into Stripe's events that stand aside, and have them applied again.",
    subcommands: [Show.self, Replay.self])

  /// `gkm event show`
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Show an event: its type, its state, and what is wrong with it.",
      discussion: "What Stripe wrote in it is shown to nobody.")

    @Argument(help: ArgumentHelp("Its id, as 'gkm list events' gives it.", valueName: "event"))
    var event: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      try await connection.connection.connected { try await EventReport.show(event, json: json, on: $0) }
    }
  }

  /// `gkm event replay`
  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay", abstract: "Have quarantined or parked events applied again; as ops or admin.",
      discussion: "Each takes effect once, however often it is replayed. The reason is kept in the audit log.")

    @Argument(help: ArgumentHelp("Their ids, as 'gkm list events' gives them.", valueName: "event"))
    var events: [String] = []

    @Flag(help: "All that are in quarantine.")
    var allQuarantined = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
      guard events.isEmpty == allQuarantined else {
        throw ValidationError("Name events, or give --all-quarantined.")
      }
    }

    func run() async throws {
      let refused = try await connection.connection.connected {
        try await EventReport.replay(events, reason: reason, on: $0)
      }
      guard refused == 0 else {
        throw ConsoleFailure("\(refused) of them \(refused == 1 ? "was" : "were") not replayed", status: .badData)
      }
    }
  }
}
