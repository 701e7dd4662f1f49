import ArgumentParser
import Console
import Market
import Store

/// `gkm ask`
struct AskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ask", abstract: "Decide on what somebody asked for.",
    subcommands: [List.self, Approve.self, Refuse.self, Withdraw.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what waits for a decision; 'gkm list asks' lists all.")

    @Flag(help: "Print one JSON object per line.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let json = json
      try await connection.connection.connected {
        let report = ListReport(kind: .asks, filter: "state:waiting", limit: 0, format: json ? .json : .text)
        _ = try await report.run(on: $0)
      }
    }
  }

  struct DecisionOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("The ask's id, as 'gkm ask list' gives it.", valueName: "id"))
    var id: Int64

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func decide(_ decision: AskActions.Decision) async throws {
      let (id, reason, json) = (AskID(id), reason, json)
      let lines = try await connection.connection.connected {
        try await ManualReport.decide(decision, id, reason: reason, json: json, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Agree to what somebody else asked for, and have it done; as ops or admin.")

    @OptionGroup var ask: DecisionOptions

    func run() async throws { try await ask.decide(.approve) }
  }

  struct Refuse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refuse what somebody else asked for; as ops or admin.")

    @OptionGroup var ask: DecisionOptions

    func run() async throws { try await ask.decide(.refuse) }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take back what you asked for yourself.")

    @OptionGroup var ask: DecisionOptions

    func run() async throws { try await ask.decide(.withdraw) }
  }
}
