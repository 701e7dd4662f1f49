import Foundation
import Market
import Postgres
import Store
import TestSupport
import Testing

@testable import Console

@Suite("gkm list") struct CliListTests {
  private static func objects(_ lines: [String]) throws -> [[String: Any]] {
    try lines.map { try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
  }

  /// Making the test's people is recorded too, today.
  private static func seeded(_ kind: ListKind) -> [String] { kind == .audit ? ["--filter", "until:2024-12-31"] : [] }

  @Test("JSON: one object per line, with the members that scripts were promised, for each list and role")
  func json() async throws {
    try await SeededMarket.with { seeded in
      for (role, kinds) in [
        (Role.ops, ListKind.allCases),
        (.vendor, [.orders, .deliveries, .stock, .audit, .cases, .ledger, .balances, .commission]),
      ] {
        let person = try await seeded.person(role)
        for kind in kinds where kind.isOpen(to: role) {
          let lines = try await Cli.lines(
            ["list", kind.rawValue, "--json", "--limit", "0"] + Self.seeded(kind), as: person)
          try Cli.expectGolden(lines, "list-\(kind.rawValue)-\(role.rawValue).jsonl")
          for line in lines {
            let names = line.matches(of: /"([a-z_0-9]+)":/).map { String($0.1) }
            #expect(names == kind.memberNames, "\(kind)")
          }
        }
      }
    }
  }

  @Test("Types of members never change between rows: a member is null or of one type")
  func types() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.admin)
      for kind in ListKind.allCases {
        var types: [String: Set<String>] = [:]
        for object in try Self.objects(try await Cli.lines(["list", kind.rawValue, "--json"], as: ops)) {
          for (name, value) in object where !(value is NSNull) {
            types[name, default: []].insert(
              value is String ? "text" : value is [Any] ? "list" : value is NSNumber ? "number" : "object")
          }
        }
        #expect(types.allSatisfy { $0.value.count == 1 }, "\(kind): \(types)")
      }
    }
  }

  @Test("Text is aligned by cells, whatever scripts the names are written in")
  func text() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      for kind in ListKind.allCases where kind.isOpen(to: .ops) {
        let lines = try await Cli.lines(["list", kind.rawValue] + Self.seeded(kind), as: ops)
        try Cli.expectGolden(lines, "list-\(kind.rawValue)-ops.txt")
      }
    }
  }

  @Test("CSV has a header and CRLF, and takes the formula out of a stranger's name")
  func csv() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let output = try await Cli.run(["list", "orders", "--csv"], as: ops).output
      let records = output.components(separatedBy: "\r\n")
      #expect(records.first == ListKind.orders.memberNames.joined(separator: ","))
      #expect(records.last == "" && records.count == SeededMarket.Order.allCases.count + 2)
      let row = try #require(records.first { $0.contains(SeededMarket.Order.formula.number) })
      #expect(row.contains(",'=1+1@evil.example,"))
      let stock = try await Cli.run(["list", "stock", "--csv"], as: ops).output
      #expect(stock.contains(",'-40 °C,"))
      #expect(stock.contains(",\"Зимняя сказка, Deluxe\","))
      let none = try await Cli.run(["list", "orders", "--csv", "--filter", "email:nobody"], as: ops).output
      #expect(none == ListKind.orders.memberNames.joined(separator: ",") + "\r\n")
    }
  }

  @Test("Pages join without a gap, however small they are, and --after goes on where one ended")
  func pages() async throws {
    try await SeededMarket.with { seeded in
      let (ops, vendor) = (try await seeded.person(.ops), try await seeded.person(.vendor))
      for person in [ops, vendor] {
        let all = try await Cli.lines(["list", "orders", "--json", "--limit", "0"], as: person)
        var joined: [String] = []
        var after: [String] = []
        while true {
          let page = try await Cli.lines(["list", "orders", "--json", "--limit", "3"] + after, as: person)
          joined += page
          guard page.count == 3, let last = try Self.objects(page).last else { break }
          after = ["--after", try #require(last["number"] as? String)]
        }
        #expect(joined == all)
      }
      let second = try await Cli.lines(["list", "audit", "--json", "--limit", "2", "--after", "4"], as: ops)
      #expect(try Self.objects(second).map { $0["id"] as? Int } == [3, 2])
    }
  }

  @Test("More rows than one query reads are paged through by keyset")
  func manyPages() async throws {
    try await SeededMarket.with { seeded in
      try await seeded.market.database.sql(
        """
        SET session_replication_role = replica;
        INSERT INTO gkm.orders (number, state, customer_email, amount, currency, token_hash, units_total)
          SELECT 'GK-' || lpad(n::text, 6, '0'), 'open', 'many@example.com', n, 'eur', sha256(n::text::bytea), 1
          FROM generate_series(1, 1200) n;
        """)
      let ops = try await seeded.person(.ops)
      let lines = try await Cli.lines(["list", "orders", "--json", "--limit", "0"], as: ops)
      #expect(lines.count == 1_200 + SeededMarket.Order.allCases.count)
      #expect(Set(lines).count == lines.count)
      #expect(
        try await Cli.lines(["list", "orders", "--json", "--limit", "1001"], as: ops) == Array(lines.prefix(1_001)))
    }
  }

  @Test("A filter finds what it says, also one that begins with a minus")
  func filters() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      func numbers(_ filter: String) async throws -> Set<String> {
        let lines = try await Cli.lines(["list", "orders", "--json", "--filter", filter], as: ops)
        return Set(try Self.objects(lines).compactMap { $0["number"] as? String })
      }
      func of(_ orders: SeededMarket.Order...) -> Set<String> { Set(orders.map(\.number)) }
      #expect(try await numbers("state:stuck") == of(.retrying, .refused, .held, .unfulfillable))
      #expect(try await numbers("vendor:nordlicht delivered") == of(.delivered))
      #expect(try await numbers("amount>24.99eur -refunded") == of(.delivered, .open, .partlyRefunded))
      #expect(try await numbers("-vendor:keyhaus,nordlicht").isEmpty)
      #expect(try await numbers("мария@") == of(.retrying))
      #expect(try await numbers("since:2024-05-01T11:25").isSuperset(of: of(.open, .partlyRefunded)))
    }
  }

  @Test("A wrong filter is one sentence with a caret under the place, and 64")
  func wrongFilters() async throws {
    try await SeededMarket.with { seeded in
      let ops = try await seeded.person(.ops)
      let result = try await Cli.run(["list", "orders", "--filter", "title:ラーメン state:stuk"], as: ops)
      #expect(result.ending == .exited(64))
      #expect(result.output.isEmpty)
      let lines = result.errors.split(separator: "\n").map(String.init)
      #expect(lines.count == 3)
      #expect(lines[0].hasPrefix("gkm: in --filter at column 18: `stuk` is no state: "))
      #expect(lines[0].hasSuffix("did you mean `stuck`?"))
      #expect(lines[1] == "  title:ラーメン state:stuk")
      // Each of the four katakana takes two cells.
      #expect(lines[2] == String(repeating: " ", count: 2 + 17 + 4) + "^")

      let vendor = try await seeded.person(.vendor)
      let refused = try await Cli.run(["list", "orders", "--json", "--filter", "delivered -refunded"], as: vendor)
      #expect(refused.ending == .exited(64))
      #expect(refused.errors.hasPrefix("gkm: in --filter at column 11: "))
      // What only staff are told is no state of a vendor's orders, rather than one that nothing is ever in.
      #expect(try await Cli.run(["list", "orders", "--filter", "state:stuck"], as: vendor).ending == .exited(64))
    }
  }

  @Test("A vendor sees only their own rows with the same commands, and nothing of the customer")
  func vendors() async throws {
    try await SeededMarket.with { seeded in
      let own = try await seeded.person(.vendor, vendor: SeededMarket.nordlicht)
      for kind in [ListKind.orders, .deliveries, .stock, .audit] {
        let lines = try await Cli.lines(["list", kind.rawValue, "--json", "--limit", "0"], as: own)
        #expect(!lines.isEmpty, "\(kind)")
        for line in lines {
          #expect(!line.contains("eyhaus") && !line.contains("@example.com") && !line.contains("_test_"), "\(line)")
          #expect(!line.contains(SeededMarket.Order.retrying.number), "\(line)")
        }
      }
      let payments = try await Cli.run(["list", "payments"], as: own)
      #expect(payments.ending == .exited(77))
      #expect(payments.errors == "gkm: the list of payments is not shown to vendors\n")
    }
  }

  @Test("Only what has a keyset index sorts; the others say so")
  func sorting() async throws {
    let result = try await Cli.run(["list", "orders", "--sort", "title"])
    #expect(result.ending == .exited(64))
    #expect(
      result.errors
        == "gkm: the list of orders cannot be sorted by title, only by what has a keyset index: id, created, paid, amount\n"
    )
    let refused = try await Cli.run(["list", "cases", "--sort", "-id"])
    #expect(refused.errors == "gkm: the list of cases has one order: the latest first\n")
    try await SeededMarket.with { seeded in
      let person = try await seeded.person(.ops)
      let down = try await Self.amounts("amount", person)
      #expect(down.count > 2)
      #expect(down == down.sorted(by: >))
      #expect(try await Self.amounts("-amount", person) == down.sorted())
    }
  }

  private static func amounts(_ sort: String, _ person: PostgresConfiguration) async throws -> [Int] {
    let listed = try await Cli.run(
      ["list", "orders", "--json", "--filter", "currency:eur", "--sort", sort], as: person)
    #expect(listed.ending == .exited(0), "\(listed.errors)")
    return listed.output.split(separator: "\n").compactMap { line in
      line.firstRange(of: "\"amount\":").map { Int(line[$0.upperBound...].prefix { $0.isNumber }) ?? -1 }
    }
  }
}
