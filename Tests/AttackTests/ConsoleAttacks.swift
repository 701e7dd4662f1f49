import Market
import TestSupport

/// What people try with `gkm`, by words that it does not print in their help.
enum ConsoleAttacks {
  private static let delivered = SeededMarket.Order.delivered.number
  private static let refused = SeededMarket.Order.refused.number

  static let all: [Attack] = [
    .gkm("show another vendor's order", .vendor, ["show", refused], 66),
    .gkm("list people as a vendor", .vendor, ["list", "people"]),
    .gkm("list payments as a vendor", .vendor, ["list", "payments"]),
    .gkm("find a customer by address as a vendor", .vendor, ["find", "ada@example.com", "--json"], 66),
    .gkm("filter by what vendors have no field for", .vendor, ["list", "orders", "--filter", "email:ada"], 64),
    .gkm("refund with the console as a vendor", .vendor, ["refund", "request", delivered, "--reason", "why not"]),
    .gkm("hold an order with the console as a vendor", .vendor, ["order", "hold", delivered, "--reason", "why not"]),
    .gkm(
      "agree to a reveal with the console as a vendor", .vendor,
      ["reveal", "--approve", "9001", "--reason", "let me see"]),
    .gkm(
      "agree to a reveal with the console as support", .support,
      ["reveal", "--approve", "9001", "--reason", "let me see"]),
    .gkm(
      "release an order with the console as support", .support,
      ["order", "release", SeededMarket.Order.held.number, "--reason", "let it go"]),
    .gkm("retry a delivery with the console as support", .support, ["retry", "5", "--reason", "once more"]),
    .gkm(
      "agree to an ask with the console as support", .support, ["ask", "approve", "9001", "--reason", "fine by me"]),
    .gkm("pause work with the console as support", .support, ["work", "pause", "deliver", "--reason", "too much"]),
    .gkm("list the ledger as support", .support, ["list", "ledger"]),
    .gkm("list commission as support", .support, ["list", "commission"]),
    .gkm(
      "set the commission with the console as operations", .ops,
      ["commission", "set", "--bps", "0", "--reason", "for free"]),
    .gkm(
      "change a setting with the console as operations", .ops,
      ["setting", "set", "refund.limit.eur", "1", "--reason", "so be it"]),
    .gkm(
      "take a vendor in with the console as operations", .ops,
      ["vendor", "add", "evil", "--name", "Evil", "--email", "e@x.example", "--reason", "a friend"]),
    .gkm(
      "resume the sealing with the console as operations", .ops,
      [
        "audit", "resume", "--after-restore", "--lost-head", "1:\(String(repeating: "a", count: 64))", "--reason",
        "let it be",
      ]),
    .gkm(
      "let somebody in again with the console as operations", .ops,
      ["person", "enable", "{other}", "--without-password", "--reason", "a friend"]),
    .gkm("look at the glass with the console as support", .support, ["break-glass", "status"]),
    .gkm("put SQL into an order's number", .support, ["show", "x'; DROP TABLE gkm.orders; --"], 66),
    .gkm("put an escape sequence into an order's number", .support, ["show", "\u{1B}[2J"], 66),
  ]
}
