import Market

/// What the demo market sells, and who sells it. All titles, companies and people are invented.
enum DemoCatalogue {
  struct Vendor: Sendable {
    let handle: String
    let name: String
    let contact: String
    let currency: Currency
    /// A rule of its own instead of the market's, in basis points.
    var commission: Int?
  }

  struct Product: Sendable {
    let title: String
    let platform: String
    let region: String
    let category: String
    /// In euro cents.
    let price: Int64
    /// Places in `vendors`.
    let sellers: [Int]

    init(
      _ title: String, _ platform: String, _ price: Int64, _ sellers: [Int], region: String = "global",
      category: String = "game"
    ) {
      self.title = title
      self.platform = platform
      self.region = region
      self.category = category
      self.price = price
      self.sellers = sellers
    }
  }

  static let vendors: [Vendor] = [
    Vendor(
      handle: "pixelforge", name: "Pixelforge Keys", contact: "sales@pixelforge.example", currency: .eur,
      commission: 900),
    Vendor(handle: "redwood", name: "Redwood Games Supply", contact: "ops@redwood.example", currency: .usd),
    Vendor(
      handle: "northgate", name: "Northgate Digital", contact: "trade@northgate.example", currency: .gbp,
      commission: 1_050),
    Vendor(handle: "kumo", name: "雲キーショップ Kumo", contact: "support@kumo.example", currency: .jpy, commission: 800),
    Vendor(handle: "lamancha", name: "Claves La Mancha", contact: "ventas@lamancha.example", currency: .eur),
    Vendor(handle: "aurora", name: "Aurora Nøkler", contact: "post@aurora.example", currency: .usd, commission: 1_500),
  ]

  /// What the market takes where a vendor has no rule: basis points.
  static let commission = 1_200

  static let products: [Product] = [
    Product("Tides of Ashenmoor", "Steam", 3_999, [0, 1]),
    Product("Hollow Meridian", "Steam", 2_499, [1, 0]),
    Product("Starlight Couriers", "GOG", 1_999, [2]),
    Product("Kraken Tavern Simulator", "Steam", 1_499, [0, 4]),
    Product("Last Train to Vesper", "Xbox", 5_999, [1]),
    Product("Ironroot: Siege of Elms", "PlayStation", 6_999, [4, 2], region: "EU"),
    Product("Neon Orchard", "Switch", 2_999, [3]),
    Product("Paper Lantern Detective 紙灯籠", "Switch", 3_499, [3, 5]),
    Product("Gravity Gardeners 2", "Steam", 999, [5]),
    Product("Saltwind Chronicles – Deluxe Edition", "Steam", 7_999, [0, 2]),
    Product("Clockwork Falconer", "Epic", 1_799, [4]),
    Product("Midnight Bakery Tycoon", "Steam", 1_299, [1, 3]),
    Product("Sundered Skies: Vanguard", "Xbox", 4_999, [2], region: "UK"),
    Product("The Lighthouse Accord", "GOG", 2_299, [5, 4]),
    Product("Bramble & Bone", "Steam", 1_999, [0]),
    Product("Rally Nordica 26", "PlayStation", 6_499, [5, 2], region: "EU"),
    Product("Deep Quarry", "Steam", 799, [1]),
    Product("Whispering Tundra", "Epic", 2_799, [5]),
    Product("Kitsune Mail 妖狐便", "Switch", 2_199, [3]),
    Product("Emberline Tactics", "Steam", 3_299, [4, 0]),
    Product("Cobalt Harbour", "GOG", 1_599, [2]),
    Product("Orbital Beekeepers", "Steam", 1_899, [1, 5]),
    Product("Grandmaster Alley Pinball", "Xbox", 1_199, [2]),
    Product("Sable Circuit GT", "PlayStation", 5_499, [0], region: "EU"),
    Product("Nine Lanterns of Ghurra", "Steam", 2_699, [3, 1]),
    Product("Puddlejumper Kingdom", "Switch", 3_999, [4]),
    Product("Vector Monks", "Steam", 699, [5]),
    Product("Old Gods, New Rent", "Epic", 1_499, [0]),
    Product("Thornwall Online – 60 Days", "Thornwall", 2_499, [2, 1], category: "subscription"),
    Product("Marrow Mountain – Season Pass", "Steam", 2_999, [4], category: "dlc"),
    Product("Inkwell Studio 5 Pro – 1 Year", "Windows", 8_999, [1], category: "software"),
    Product("ParityVault Backup – 3 Devices", "Windows", 3_499, [0], category: "software"),
    Product("Larkspur Shield – 12 Months", "Windows", 2_999, [4, 5], category: "software"),
    Product("Palette & Quill 2026 – Student", "macOS", 5_999, [3], category: "software"),
    Product("Tavern Coins 2,000", "Thornwall", 1_999, [2], category: "currency"),
    Product("Polar Relay", "Steam", 2_499, [5]),
  ]

  /// A price in the vendor's currency as shops write it.
  static func price(_ cents: Int64, in currency: Currency) -> Int64 {
    switch currency {
    case .usd: ending(cents * 108 / 100)
    case .gbp: ending(cents * 86 / 100)
    case .jpy: cents * 165 / 10_000 * 100 - 20
    default: cents
    }
  }

  private static func ending(_ minor: Int64) -> Int64 { (minor + 50) / 100 * 100 - 1 }

  struct Person: Sendable {
    let login: String
    let name: String
    let role: Role
    /// A vendor's place in `vendors`.
    var vendor: Int?
  }

  /// The first of each role is who the demo signs in as.
  static let people: [Person] = [
    Person(login: "mara", name: "Mara Lindqvist", role: .ops),
    Person(login: "tomasz", name: "Tomasz Zieliński", role: .ops),
    Person(login: "ines", name: "Inés Carrasco", role: .support),
    Person(login: "kenji", name: "森 健二", role: .support),
    Person(login: "dalia", name: "داليا منصور", role: .support),
    Person(login: "henrike", name: "Henrike Vogt", role: .admin),
    Person(login: "v_7f3k9q", name: "Jonas Albrecht", role: .vendor, vendor: 0),
    Person(login: "v_2m8xwd", name: "Caroline Price", role: .vendor, vendor: 1),
    Person(login: "v_9h4tcz", name: "Graham Whitlock", role: .vendor, vendor: 2),
    Person(login: "v_5r6jnb", name: "佐藤 美咲", role: .vendor, vendor: 3),
    Person(login: "v_8d2vpy", name: "Álvaro Benítez", role: .vendor, vendor: 4),
    Person(login: "v_3w7gks", name: "Ingrid Solheim", role: .vendor, vendor: 5),
  ]
}
