import ArgumentParser
import Console
import Market

extension StockCommand {
  struct Threshold: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say from how many keys on the vendor is told that a listing runs out; as the vendor, ops or admin.")

    @Argument(help: ArgumentHelp("The listing's id, as 'gkm list stock' gives it.", valueName: "listing"))
    var listing: Int64

    @Argument(help: ArgumentHelp("How many keys; 0 for never.", valueName: "keys"))
    var keys: Int32

    @OptionGroup var why: MaybeReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let (listing, keys, reason) = (ListingID(listing), keys, try why.checked(connection))
      print(
        try await connection.connection.connected {
          try await WebhookReport.threshold(listing, keys, reason: reason, on: $0)
        })
    }
  }
}
