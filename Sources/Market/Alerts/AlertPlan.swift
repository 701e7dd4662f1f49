/// What is watched, from where on somebody is told, and by which channels.
package struct AlertPlan: Sendable, Equatable {
  package struct Rule: Sendable, Equatable {
    /// In the rule's own unit: seconds, a count, per cent, a burn rate.
    package var threshold: Double
    package var patience: AlertPatience
    /// Of the team's; none named: all.
    package var channels: [String]

    package init(threshold: Double, patience: AlertPatience, channels: [String] = []) {
      self.threshold = threshold
      self.patience = patience
      self.channels = channels
    }
  }

  /// Those that are watched.
  package var rules: [AlertRule: Rule]
  /// How often somebody looks.
  package var interval: Duration
  /// The share of orders that have their key within 5 and within 30 seconds, as it is promised.
  package var objectives: (within5s: Double, within30s: Double)
  /// Late orders without which no burn rate means anything.
  package var leastLate: Int
  /// How far back mails are looked at, and events beside the orders that should bring some.
  package var mailWindow: Duration
  package var webhookWindow: Duration
  /// How often each kind of reconciliation is to come to its end.
  package var reconciliation: [String: Duration]

  package init(
    rules: [AlertRule: Rule], interval: Duration = .seconds(10),
    objectives: (within5s: Double, within30s: Double) = (0.99, 0.999), leastLate: Int = 3,
    mailWindow: Duration = .seconds(300), webhookWindow: Duration = .seconds(900),
    reconciliation: [String: Duration] = [:]
  ) {
    self.rules = rules
    self.interval = interval
    self.objectives = objectives
    self.leastLate = leastLate
    self.mailWindow = mailWindow
    self.webhookWindow = webhookWindow
    self.reconciliation = reconciliation
  }

  package static func == (left: AlertPlan, right: AlertPlan) -> Bool {
    left.rules == right.rules && left.interval == right.interval && left.objectives == right.objectives
      && left.leastLate == right.leastLate && left.mailWindow == right.mailWindow
      && left.webhookWindow == right.webhookWindow && left.reconciliation == right.reconciliation
  }
}

extension AlertRule {
  /// What a rule's threshold counts.
  package enum Unit: Sendable, Equatable {
    case seconds, count, percent
    /// It is there or it is not: a threshold would mean nothing.
    case none
  }

  package var unit: Unit {
    switch self {
    case .backlog, .sealer, .breaks, .clock, .parked: .seconds
    case .slo, .deadLetters, .stripe, .webhooks, .reconciliation, .signatures, .bounces, .quarantined: .count
    case .smtp, .lowStock: .percent
    case .redis, .daemons, .database: .none
    }
  }

  /// From where on somebody is told, in the rule's unit, unless the configuration says otherwise.
  package var usualThreshold: Int {
    switch self {
    case .slo: 14
    case .backlog, .sealer: 60
    case .deadLetters, .quarantined: 1
    case .smtp: 50
    case .stripe, .webhooks: 5
    case .reconciliation, .signatures: 3
    case .breaks: 86_400
    case .lowStock: 100
    case .clock: 2
    case .bounces: 10
    case .parked: 3_600
    case .redis, .daemons, .database: 0
    }
  }

  /// How long it must be the case until somebody is told, unless the configuration says otherwise.
  package var usualPatience: Duration {
    switch self {
    case .slo, .deadLetters, .webhooks, .breaks, .signatures, .bounces, .parked, .quarantined, .daemons: .zero
    case .smtp, .clock: .seconds(20)
    case .backlog, .stripe, .sealer, .redis, .database: .seconds(30)
    case .lowStock: .seconds(60)
    case .reconciliation: .seconds(120)
    }
  }
}
