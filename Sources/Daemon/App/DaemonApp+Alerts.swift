import Market
import Outbound
import ServiceLifecycle

extension DaemonApp {
  /// What looks whether anything is amiss: in the database for all, and whether it is there at all for this daemon.
  func watches(_ means: DaemonMeans, name: String) throws -> [any Service] {
    let plan = configuration.alerts.plan
    let watch = AlertWatch(pool: means.watchPool, plan: plan, name: name, logger: logger)
    guard let rule = plan.rules[.database] else { return [watch] }
    let settings = noticeSettings
    let url = configuration.mail.url?.text
    let wire = MessageWire(
      settings: settings, outbound: means.outbound, server: try SMTPConfiguration(url: url ?? "smtp://localhost"),
      now: SystemClock.now)
    let teller = DirectTeller(
      wire: wire, templates: try means.templates(),
      channels: settings.team.channels.filter { $0 != .email || url != nil }, logger: logger)
    return [
      watch,
      DatabaseWatch(
        pool: means.watchPool, redis: means.redis, rule: rule, name: name, teller: teller, logger: logger,
        now: SystemClock.now),
    ]
  }
}
