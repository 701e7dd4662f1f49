import ArgumentParser
import Console
import Market
import Store

/// `gkm commission`
struct CommissionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "commission", abstract: "See and change what the market takes of sales.",
    subcommands: [List.self, Preview.self, Set.self, End.self, Withdraw.self])
}

/// A moment on the command line.
struct Moment: ExpressibleByArgument {
  let instant: Instant

  init?(argument: String) {
    guard let instant = Instant(typed: argument) else { return nil }
    self.instant = instant
  }
}

/// An amount with its currency.
struct Amount: ExpressibleByArgument {
  let money: Money

  init?(argument: String) {
    guard let money = Money(typed: argument) else { return nil }
    self.money = money
  }
}

extension CommissionCommand {
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the rules, newest first: the same as 'gkm list commission'.")

    @Option(
      parsing: .unconditional,
      help: ArgumentHelp("Only rules for which this holds, such as 'state:current'.", valueName: "filter"))
    var filter = ""

    @OptionGroup var format: FormatOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
      let report = ListReport(kind: .commission, filter: filter, limit: 0, format: format.format)
      _ = try await connection.connection.connected { try await report.run(on: $0) }
    }
  }

  struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell what a sale would pay, by which rule, and how it is computed; as ops or admin.")

    @Argument(help: ArgumentHelp("The listing's id, as 'gkm list stock' gives it.", valueName: "listing"))
    var listing: Int64

    @Option(help: ArgumentHelp("Another price than the listing's, such as 19.99eur.", valueName: "amount"))
    var price: Amount?

    @Option(help: ArgumentHelp("How many are sold at once.", valueName: "number"))
    var quantity = 1

    @Option(help: ArgumentHelp("When; by default now.", valueName: "time"))
    var at: Moment?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard (1...100).contains(quantity) else { throw ValidationError("--quantity is 1 to 100.") }
    }

    func run() async throws {
      let (listing, price, quantity, at, json) = (ListingID(listing), price?.money, quantity, at?.instant, json)
      let lines = try await connection.connection.connected {
        try await CommissionReport.preview(listing, price: price, quantity: quantity, at: at, json: json, on: $0)
      }
      for line in lines { print(line) }
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a rule begin, for all sales or for those of a vendor, a category or a product; as admin.",
      discussion: """
        The rule for the same that holds then ends when this one begins. What was sold keeps its terms. Amounts are for \
        each unit and may be given for several currencies.
        """)

    @Option(help: ArgumentHelp("A vendor's handle.", valueName: "handle"))
    var vendor: String?

    @Option(help: ArgumentHelp("A category of products, such as game.", valueName: "category"))
    var category: String?

    @Option(help: ArgumentHelp("A product's id or title.", valueName: "product"))
    var product: String?

    @Option(help: ArgumentHelp("The share in basis points: 1250 is 12.5 %.", valueName: "number"))
    var bps: Int

    @Option(help: ArgumentHelp("On top for each unit, such as 0.30eur.", valueName: "amount"))
    var fixed: [Amount] = []

    @Option(name: .customLong("min"), help: ArgumentHelp("For each unit never less than this.", valueName: "amount"))
    var least: [Amount] = []

    @Option(name: .customLong("max"), help: ArgumentHelp("For each unit never more than this.", valueName: "amount"))
    var most: [Amount] = []

    @Option(help: ArgumentHelp("When it begins; by default now.", valueName: "time"))
    var from: Moment?

    @Option(help: ArgumentHelp("When it ends; by default never.", valueName: "time"))
    var until: Moment?

    @Flag(help: "Only tell what it would do.")
    var dryRun = false

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String?

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      guard (0...10_000).contains(bps) else { throw ValidationError("--bps is 0 to 10000.") }
      if dryRun { return }
      guard reason != nil else { throw ValidationError("--reason is missing; or --dry-run to see what it would do.") }
      if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
    }

    func run() async throws {
      let wish = CommissionReport.Wish(
        vendor: vendor, category: category, product: product, basisPoints: bps, amounts: try amounts(),
        from: from?.instant, until: until?.instant)
      let reason = dryRun ? nil : reason
      let lines = try await connection.connection.connected {
        try await CommissionReport.set(wish, reason: reason, on: $0)
      }
      for line in lines { print(line) }
    }

    private func amounts() throws -> [Currency: CommissionAmounts] {
      var amounts: [Currency: CommissionAmounts] = [:]
      for (option, member, list) in [
        ("--fixed", \CommissionAmounts.fixed, fixed), ("--min", \CommissionAmounts.min, least),
        ("--max", \CommissionAmounts.max, most),
      ] as [(String, WritableKeyPath<CommissionAmounts, Int64?>, [Amount])] {
        for amount in list {
          let currency = amount.money.currency
          guard amounts[currency]?[keyPath: member] == nil else {
            throw ValidationError("\(option) is given twice in \(currency.display).")
          }
          amounts[currency, default: CommissionAmounts()][keyPath: member] = amount.money.amount
        }
      }
      return amounts
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a rule end; as admin.")

    @Argument(help: ArgumentHelp("The rule's id.", valueName: "rule"))
    var rule: Int64

    @Option(help: ArgumentHelp("When it ends; by default now.", valueName: "time"))
    var until: Moment?

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
    }

    func run() async throws {
      let (rule, until, reason) = (CommissionRuleID(rule), until?.instant, reason)
      print(
        try await connection.connection.connected {
          try await CommissionReport.end(rule, until: until, reason: reason, on: $0)
        })
    }
  }

  struct Withdraw: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a rule back that has not begun; the one before it holds on. As admin.")

    @Argument(help: ArgumentHelp("The rule's id.", valueName: "rule"))
    var rule: Int64

    @Option(parsing: .unconditional, help: ArgumentHelp("Why, in 3 to 500 characters.", valueName: "text"))
    var reason: String

    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
      if connection.readOnly { throw ValidationError("--read-only is given, and this changes something.") }
    }

    func run() async throws {
      let (rule, reason) = (CommissionRuleID(rule), reason)
      print(
        try await connection.connection.connected {
          try await CommissionReport.withdraw(rule, reason: reason, on: $0)
        })
    }
  }
}
