import ArgumentParser
import Console
import Market
import Store

extension VendorCommand {
  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a vendor in: the vendor, a login, its commission, listings to fill; as admin.",
      discussion: """
        Prints what is to be pasted on the machine that the vendor comes to by SSH. All of it is made or nothing. The \
        login is random, because names of logins can be seen by others.
        """)

    @Argument(help: ArgumentHelp("The vendor's handle: lower-case letters, digits and -.", valueName: "handle"))
    var handle: String

    @Option(help: ArgumentHelp("The vendor's name.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("Where the vendor is mailed.", valueName: "address"))
    var email: String

    @Option(help: ArgumentHelp("In which language: en, es.", valueName: "language"))
    var locale = "en"

    @Option(help: ArgumentHelp("The person's name; by default the vendor's.", valueName: "name"))
    var person: String?

    @Option(
      help: ArgumentHelp("What the market takes, in basis points; by default as of everybody.", valueName: "number"))
    var bps: Int?

    @Option(help: ArgumentHelp("A listing to fill: a product's id and the price, as 7=19.99eur.", valueName: "listing"))
    var listing: [ListingWish] = []

    @Option(help: ArgumentHelp("The person's public key, as ssh-keygen prints it.", valueName: "key"))
    var sshKey: String?

    @OptionGroup var password: PasswordOptions
    @OptionGroup var why: ReasonOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if let bps, !(0...10_000).contains(bps) { throw ValidationError("--bps is 0 to 10000.") }
      if let sshKey, sshKey.contains("'") || sshKey.contains("\n") || !sshKey.contains(" ") {
        throw ValidationError("--ssh-key is one line, as ssh-keygen prints it.")
      }
    }

    func run() async throws {
      let wish = VendorOnboarding.Wish(
        handle: handle, name: name, email: email, locale: locale, personName: person ?? name, verifier: nil,
        basisPoints: bps, listings: listing.map { ($0.product, $0.price) }, reason: try why.checked(connection))
      let (key, choice) = (sshKey, password.choice)
      let lines = try await connection.connection.connected {
        try await VendorReport.add(wish, key: key, password: choice, on: $0)
      }
      for line in lines { print(line) }
    }
  }
}

/// A product and its price.
struct ListingWish: ExpressibleByArgument {
  let product: ProductID
  let price: Money

  init?(argument: String) {
    let parts = argument.split(separator: "=", maxSplits: 1)
    guard parts.count == 2, let product = Int64(parts[0]) else { return nil }
    guard let price = Money(typed: String(parts[1])) else { return nil }
    self.product = ProductID(product)
    self.price = price
  }
}
