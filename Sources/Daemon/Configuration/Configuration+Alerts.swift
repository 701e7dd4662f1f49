package import Market
import Store

/// What the daemons watch, and from where on they tell the team.
package struct AlertSettings: Sendable {
  package var plan: AlertPlan

  init(_ reader: inout ConfigurationReader, _ reconcile: ReconcileSettings) {
    let day = Duration.seconds(86_400)
    let interval = reader.duration("alerts.interval", default: .seconds(10), in: .milliseconds(100)...(.seconds(600)))
    let calm = reader.duration("alerts.calm_for", default: .seconds(60), in: .zero...day)
    let reminder = reader.duration("alerts.remind_after", default: .seconds(4 * 3_600), in: .zero...(day * 30))
    let within5s = reader.parsed(
      "alerts.objective_quick", default: "99%", wanted: "a share as \"99.5%\", from 50% to 99.999%", Self.share)
    let within30s = reader.parsed(
      "alerts.objective", default: "99.9%", wanted: "a share as \"99.5%\", from 50% to 99.999%", Self.share)
    let leastLate = reader.number("alerts.least", default: 3, in: 1...1_000_000)
    let mailWindow = reader.duration("alerts.mail_window", default: .seconds(300), in: .seconds(1)...day)
    let webhookWindow = reader.duration("alerts.webhook_window", default: .seconds(900), in: .seconds(1)...day)
    var rules: [AlertRule: AlertPlan.Rule] = [:]
    for rule in AlertRule.allCases {
      let name = "alerts.\(rule.rawValue)"
      let isEnabled = reader.flag("\(name).enabled", default: true)
      let threshold = Self.threshold(&reader, name, rule)
      let before = reader.duration("\(name).for", default: rule.usualPatience, in: .zero...day)
      let channels = Self.channels(&reader, "\(name).channels")
      guard isEnabled else { continue }
      rules[rule] = AlertPlan.Rule(
        threshold: threshold,
        patience: AlertPatience(before: before, after: calm, reminder: reminder == .zero ? nil : reminder),
        channels: channels)
    }
    plan = AlertPlan(
      rules: rules, interval: interval, objectives: (within5s ?? 0.99, within30s ?? 0.999), leastLate: leastLate,
      mailWindow: mailWindow, webhookWindow: webhookWindow,
      reconciliation: Dictionary(
        uniqueKeysWithValues: ReconKind.allCases.map { ($0.rawValue, reconcile.plan($0).interval) }))
  }

  private static func threshold(_ reader: inout ConfigurationReader, _ name: String, _ rule: AlertRule) -> Double {
    let usual = rule.usualThreshold
    switch rule.unit {
    case .seconds:
      return reader.duration(
        "\(name).threshold", default: .seconds(usual), in: .milliseconds(100)...(.seconds(365 * 86_400))
      ).inSeconds
    case .count: return Double(reader.number("\(name).threshold", default: usual, in: 1...1_000_000))
    case .percent: return Double(reader.number("\(name).threshold", default: usual, in: 0...1_000))
    case .none: return 0
    }
  }

  private static func channels(_ reader: inout ConfigurationReader, _ name: String) -> [String] {
    let channels = reader.list(name)
    for channel in channels where !teamChannels.contains(channel) {
      reader.problem(name, "\(channel) is no channel of the team: \(teamChannels.joined(separator: ", ")) are")
    }
    return channels
  }

  private static let teamChannels = ["email", "telegram", "discord"]

  /// `99.5%` as 0.995.
  private static func share(_ text: String) -> Double? {
    guard text.last == "%", let percent = Double(text.dropLast()), (50...99.999).contains(percent) else { return nil }
    return percent / 100
  }
}
