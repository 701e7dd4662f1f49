import ArgumentParser
import Console
import Market

/// `gkm retry`
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Try a failed or waiting delivery again now; as ops or admin.",
    discussion: "The reason is kept in the audit log with your login. The daemon takes it up at once.")

  @Argument(help: ArgumentHelp("The delivery's id, as 'gkm list deliveries' gives it.", valueName: "delivery"))
  var delivery: Int64

  @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
  var reason: String

  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    try demandWriting(connection)
  }

  func run() async throws {
    let (delivery, reason) = (DeliveryID(delivery), reason)
    print(
      try await connection.connection.connected {
        try await PersonReport.retry(delivery, reason: reason, on: $0)
      })
  }
}
