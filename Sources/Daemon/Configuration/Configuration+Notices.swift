import Market
import Store

/// Where the team listens and how vendors' endpoints are called.
package struct NoticeConfiguration: Sendable {
  package var team: TeamSettings
  package var webhooks: WebhookSettings
  /// Notices under way at once.
  package var lanes: Int
  /// Attempts of one notice until a person must look.
  package var attempts: Int
  /// Vendors get one mail for all orders that were paid in so much time.
  package var orderWindow: Duration
  /// How often it is looked for listings that fell to their threshold.
  package var stockInterval: Duration

  init(_ reader: inout ConfigurationReader) {
    team = TeamSettings()
    team.mail = reader.list("notices.team_mail", env: ["GKM_TEAM_MAIL"])
    team.locale = reader.text("notices.team_locale", default: "en")
    let chat = reader.optionalText("notices.telegram_chat", env: ["GKM_TELEGRAM_CHAT"])
    let api = reader.text(
      "notices.telegram_api", env: ["GKM_TELEGRAM_API"], default: "https://api.telegram.org")
    let token = reader.secret("notices.telegram_token", env: ["GKM_TELEGRAM_TOKEN"], credential: "telegram_token")
    if let chat, let token {
      team.telegram = TeamSettings.Telegram(base: api, token: token, chat: chat)
    } else if chat != nil || token != nil {
      reader.problem("notices.telegram_chat", "Telegram wants both a chat and a bot's token")
    }
    team.discord = reader.secret(
      "notices.discord_webhook", env: ["GKM_DISCORD_WEBHOOK"], credential: "discord_webhook")
    lanes = reader.number("notices.lanes", default: 16, in: 1...200)
    attempts = reader.number("notices.attempts", default: 12, in: 1...100)
    orderWindow = reader.duration(
      "notices.order_window", default: .seconds(60), in: .seconds(1)...(.seconds(86_400)))
    stockInterval = reader.duration(
      "notices.stock_interval", default: .seconds(15), in: .milliseconds(100)...(.seconds(3_600)))
    webhooks = WebhookSettings()
    webhooks.allowsLocal = reader.flag("webhooks.allow_local", env: ["GKM_WEBHOOKS_ALLOW_LOCAL"], default: false)
    webhooks.timeout = reader.duration(
      "webhooks.timeout", default: .seconds(10), in: .milliseconds(100)...(.seconds(60)))
    webhooks.breaker.failures = reader.number("webhooks.breaker_failures", default: 5, in: 1...1_000)
    webhooks.breaker.pause = reader.duration(
      "webhooks.breaker_pause", default: .seconds(60), in: .milliseconds(100)...(.seconds(86_400)))
    webhooks.breaker.patience = reader.duration(
      "webhooks.patience", default: .seconds(3 * 86_400), in: .seconds(1)...(.seconds(31 * 86_400)))
    for address in team.mail where !address.contains("@") || address.contains(where: \.isWhitespace) {
      reader.problem("notices.team_mail", "\(address) is no address")
    }
    if team.locale.count > 5 || !["en", "es"].contains(String(team.locale.prefix(2))) {
      reader.problem("notices.team_locale", "en or es is wanted")
    }
  }
}
