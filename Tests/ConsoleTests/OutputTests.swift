import Market
import Postgres
import Store
import Terminal
import Testing

@testable import Console

@Suite("Output of commands") struct OutputTests {
  @Test(
    "A CSV text that a spreadsheet would take for a formula gets an apostrophe",
    arguments: [
      ("=1+1", "'=1+1"), ("+49 30", "'+49 30"), ("-40 °C", "'-40 °C"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "\"'\tx\""),
      ("\rx", "\"'\rx\""), ("\nx", "\"'\nx\""), ("＝1", "'＝1"), ("a=b", "a=b"), ("a\"b,c", "\"a\"\"b,c\""), ("", ""),
      ("a\u{1B}[2J\u{202E}b", "a\u{FFFD}[2J\u{FFFD}b"),
    ])
  func formulas(text: String, cell: String) {
    #expect(CSVText.row([ListField("name", .text(text))]) == cell + "\r\n")
  }

  @Test("CSV leaves numbers and times alone, and puts lists into one cell")
  func csvValues() {
    let fields = [
      ListField("a", .integer(-5)), ListField("b", .time(Instant(unixSeconds: 0))), ListField("c", .none),
      ListField("d", .texts(["=x", "y"])), ListField("e", .flag(true)),
    ]
    #expect(CSVText.row(fields) == "-5,1970-01-01T00:00:00Z,,\"'=x, y\",true\r\n")
  }

  private static func order(_ customer: String, _ title: String) -> [ListField] {
    [
      ListField("number", .text("GK-1")), ListField("state", .text("paid")),
      ListField("customer_email", .text(customer)), ListField("vendors", .texts(["keyhaus"])),
      ListField("title", .text(title)), ListField("amount", .integer(1_999)), ListField("currency", .text("eur")),
      ListField("created_at", .time(Instant(unixSeconds: 0))),
    ]
  }

  @Test("A table is aligned by cells, and no name in it can move a cursor")
  func table() {
    var table = TextTable(.orders, terminal: OutputTerminal(columns: nil))
    let lines = table.lines([Self.order("a@b", "ラーメン"), Self.order("\u{1B}[2J\u{202E}evil", "plain")])
    #expect(lines[0].hasPrefix("NUMBER  STATE  CUSTOMER EMAIL  VENDORS  TITLE "))
    let starts = lines.map { line in TextWidth.of(String(line.prefix { $0 != "k" && $0 != "V" })) }
    #expect(Set(starts) == [starts[0]])
    #expect(lines[1].contains("ラーメン  19.99 EUR  1970-01-01 00:00:00Z"))
    #expect(!lines.joined().unicodeScalars.contains { SafeText.isRefused($0) })
  }

  @Test("On a terminal a table is as wide as it, and gives up the longest texts first")
  func narrowTable() {
    var table = TextTable(.orders, terminal: OutputTerminal(columns: 80, allowsStyle: true))
    let lines = table.lines([Self.order("a@b", String(repeating: "long title ", count: 20))])
    #expect(lines[0].hasPrefix("\u{1B}[1mNUMBER"))
    #expect(TextWidth.of(lines[1]) <= 80)
    #expect(lines[1].contains("…") && lines[1].contains("GK-1") && lines[1].contains("19.99 EUR"))
  }

  @Test("Later pages keep the columns of earlier ones, and print no second header")
  func laterPages() {
    var table = TextTable(.orders, terminal: OutputTerminal(columns: nil))
    let first = table.lines([Self.order("somebody@example.com", "x")])
    let second = table.lines([Self.order("a@b", "x")])
    #expect(first.count == 2 && second.count == 1)
    #expect(TextWidth.of(first[1]) == TextWidth.of(second[0]))
  }

  @Test("What is told on standard error is clean and names the program once")
  func failures() {
    let failure = ConsoleFailure("no \u{1B}]0;x\u{7} such\nsecond", status: .noInput)
    #expect(failure.lines == ["gkm: no ␛]0;x␇ such", "second"])
  }

  @Test("Errors end with the status that sysexits gives them")
  func statuses() {
    func status(_ error: any Error) -> CommandStatus? { ConsoleFailure(error)?.status }
    func postgres(_ kind: PostgresError.Kind, _ state: String?) -> PostgresError {
      var error = PostgresError(kind, "x")
      error.sqlState = state
      return error
    }
    #expect(status(postgres(.connect, nil)) == .unavailable)
    #expect(status(postgres(.connect, "28P01")) == .noPermission)
    #expect(status(postgres(.connect, "3D000")) == .configuration)
    #expect(status(postgres(.connect, "53300")) == .temporary)
    #expect(status(postgres(.usage, nil)) == .configuration)
    #expect(status(postgres(.server, "42501")) == .noPermission)
    #expect(status(postgres(.server, "42P01")) == .configuration)
    #expect(status(postgres(.server, "XX000")) == .software)
    #expect(status(postgres(.timeout, "57014")) == .temporary)
    #expect(status(StoreError.notSignedIn) == .noPermission)
    #expect(status(ActionRefused(.changed, "x")) == .temporary)
  }
}

@Suite("Connecting the psql way") struct OutputConnectionTests {
  @Test(
    "Connection options may stand before the subcommand, and a URI anywhere",
    arguments: [
      ([], []), (["-h", "db", "-U", "ops"], ["-h", "db", "-U", "ops"]),
      (["-hdb", "--port=5433", "list", "orders"], ["list", "-hdb", "--port=5433", "orders"]),
      (["postgresql://db/gkm"], ["--dbname", "postgresql://db/gkm"]),
      (["postgres://db/gkm", "whoami", "--json"], ["whoami", "--dbname", "postgres://db/gkm", "--json"]),
      (["list", "orders", "postgres://db/gkm"], ["list", "orders", "--dbname", "postgres://db/gkm"]),
      (["list", "orders", "-d", "postgres://db/gkm"], ["list", "orders", "-d", "postgres://db/gkm"]),
      (["find", "postgres://db/gkm"], ["find", "postgres://db/gkm"]),
      (["retry", "1", "--reason", "postgres://x"], ["retry", "1", "--reason", "postgres://x"]),
      (["--read-only", "-w", "--help"], ["--read-only", "-w", "--help"]), (["--version"], ["--version"]),
    ] as [([String], [String])])
  func arrangement(typed: [String], arranged: [String]) {
    #expect(ConnectionArguments.arranged(typed) == arranged)
  }

  @Test(
    "The label says who and where",
    arguments: [
      (PostgresTarget(user: "ops", database: "gkm", host: "/run/postgresql", port: "5499"), "ops@gkm localhost"),
      (PostgresTarget(user: "ops", database: "gkm", host: "", port: ""), "ops@gkm localhost"),
      (PostgresTarget(user: "ops", database: "gkm", host: "db.example", port: "5432"), "ops@gkm db.example"),
      (PostgresTarget(user: "ops", database: "gkm", host: "db.example", port: "6432"), "ops@gkm db.example:6432"),
    ])
  func label(target: PostgresTarget, text: String) {
    #expect(ConsoleConnection.label(target) == text)
  }

  @Test("Options fill in what a URI leaves open, and never overrule it")
  func merging() throws {
    let connection = ConsoleConnection(
      conninfo: "postgresql://db.example/market", hostName: "other", port: "6000", user: "ops")
    #expect(
      try connection.configuration().target()
        == PostgresTarget(user: "ops", database: "market", host: "db.example", port: "6000"))
    #expect(ConsoleConnection(conninfo: "market", user: "ops").host == "ops@market localhost")
    #expect(throws: PostgresError.self) { try ConsoleConnection(conninfo: "host=a what").configuration().target() }
  }

  @Test(
    "An audit record's details are said as a person would say them",
    arguments: [
      (["amount": "5499", "currency": "eur", "units": "1"], "54.99 EUR · 1 unit"),
      (["amount": "4380", "refund": "re_1", "type": "refund.created"], "4380 JPY · re_1"),
      (["amount": "12", "currency": "€"], "amount 12 · currency €"),
      (
        ["quantity": "2", "stock_version_before": "25", "stock_version_after": "26"],
        "2 units · stock version 25 → 26"
      ),
      (
        ["attempt": "3", "message_id": "<unit-7@gkm>", "reply": "451 4.7.1 Greylisting", "retry_after_ms": "7369"],
        "451 4.7.1 Greylisting · try 3 · again in 7.3 s · <unit-7@gkm>"
      ),
      (["was": "paid", "state": "held", "hold_reason": "early fraud warning"], "early fraud warning · paid → held"),
      (["basis_points": "1205", "until": "2026-12-01"], "12.05 % · until 2026-12-01"),
    ])
  func recordSummary(details: [String: String], text: String) {
    let parts = RecordSummary.parts(details, currency: text.contains("€") ? nil : .jpy)
    #expect(parts.joined(separator: " · ") == text)
  }

  @Test("Settings are read from TOML, and what is wrong in them is said with its place")
  func settings() throws {
    #expect(
      try ConsoleSettings(toml: "theme = \"light\"\nredis_url = \"redis://h\"", file: "f")
        == ConsoleSettings(theme: "light", redisURL: "redis://h"))
    func complaint(_ toml: String) -> String? {
      do { _ = try ConsoleSettings(toml: toml, file: "f") } catch { return ConsoleFailure(error)?.message }
      return nil
    }
    #expect(complaint("theme = \n")?.hasPrefix("f:1:") == true)
    #expect(
      complaint("themes = \"x\"")?.hasPrefix("f: there is no setting “themes”; there are theme, redis_url") == true)
    #expect(complaint("idle_lock = 0") == "f: idle_lock is a number of minutes from 1 to 720")
    #expect(complaint("language = \"fr\"") == "f: language is \"en\" or \"es\"")
    #expect(complaint("mouse = 1") == "f: mouse is true or false")
    #expect(complaint("[keys]\nhelp = 3") == "f: keys.help is a key or a list of keys in quotes")
    #expect(complaint("[keys]\nhelpp = \"h\"") == "f: [keys] helpp: there is no command “helpp”; gkm keys lists them")
    #expect(complaint("theme = 3") == "f: theme is a text in quotes")
  }
}
