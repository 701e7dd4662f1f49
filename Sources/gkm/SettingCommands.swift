import ArgumentParser
import Console

/// `gkm setting`
struct SettingCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "setting", abstract: "See and change what an admin sets while the market runs.",
    subcommands: [List.self, Set.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all settings.")

    @Flag(help: "Print one JSON object per line.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let json = json
      let lines = try await connection.connection.connected { try await RefundReport.settings(json: json, on: $0) }
      for line in lines { print(line) }
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change one; as admin.", discussion: "The reason is kept in the audit log with your login.")

    @Argument(help: ArgumentHelp("Its name, such as refund.limit.eur.", valueName: "name"))
    var name: String

    @Argument(help: ArgumentHelp("What it is to be.", valueName: "value"))
    var value: String

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws { try demandWriting(connection) }

    func run() async throws {
      let (name, value, reason) = (name, value, reason)
      print(
        try await connection.connection.connected {
          try await RefundReport.set(name, to: value, reason: reason, on: $0)
        })
    }
  }
}
