import ArgumentParser
import Console
import Market

/// `gkm vendor`
struct VendorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vendor", abstract: "Take a vendor in, or say where it is told, and of what.",
    subcommands: [Add.self, Contact.self])

  struct Contact: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change where a vendor is mailed, in which language, and of what; as the vendor, ops or admin.")

    @Option(help: ArgumentHelp("Whose, where staff changes it.", valueName: "handle"))
    var vendor: String?

    @Option(help: ArgumentHelp("Where to.", valueName: "address"))
    var email: String?

    @Option(help: ArgumentHelp("In which language: en, es.", valueName: "language"))
    var locale: String?

    @Option(help: ArgumentHelp("Of what: order.new, stock.low, dispute.opened.", valueName: "event"))
    var event: [VendorEvent] = []

    @Flag(help: "Of nothing.")
    var noMail = false

    @OptionGroup var why: MaybeReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if noMail, !event.isEmpty { throw ValidationError("--no-mail and --event exclude each other.") }
      if email == nil, locale == nil, event.isEmpty, !noMail {
        throw ValidationError("Give --email, --locale, --event or --no-mail.")
      }
    }

    func run() async throws {
      let (vendor, email, locale) = (vendor, email, locale)
      let events: [VendorEvent]? = noMail ? [] : event.isEmpty ? nil : event
      let reason = try why.checked(connection)
      print(
        try await connection.connection.connected {
          try await WebhookReport.contact(
            vendor: vendor, email: email, locale: locale, events: events, reason: reason, on: $0)
        })
    }
  }
}
