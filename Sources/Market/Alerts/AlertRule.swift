/// What the market watches of itself. A rule's name stands in the configuration (`[alerts.NAME]`), in the table of
/// alerts and in every message about it.
package enum AlertRule: String, CaseIterable, Sendable {
  /// Subject: `5s` or `30s`. Too many orders wait longer for their key than was promised.
  case slo
  /// Subject: a kind of work. The oldest job that is due waits too long.
  case backlog
  /// Subject: a kind of work. Jobs were given up, and nobody has settled them.
  case deadLetters = "dead_letters"
  /// The mail server takes nothing, or hardly anything.
  case smtp
  /// Subject: the daemon that cannot reach it. Stripe's API does not answer.
  case stripe
  /// Orders are opened, and no event of Stripe's arrives.
  case webhooks
  /// The audit log's newest events are not sealed.
  case sealer
  /// Subject: a kind of reconciliation. It has not come to its end for too long.
  case reconciliation
  /// A difference between Stripe and us is open for too long.
  case breaks
  /// Subject: a listing. It is nearly, or altogether, sold out.
  case lowStock = "low_stock"
  /// Subject: a daemon. Its clock and the database's differ.
  case clock
  /// Subject: a daemon. Rightly signed events are refused for their time.
  case signatures
  /// Subject: a daemon. It cannot reach Redis.
  case redis
  /// Mails come back.
  case bounces
  /// Events wait too long for the order they belong to.
  case parked
  /// Events that could not be applied wait for a person.
  case quarantined
  /// Subject: a daemon that is gone without having said so.
  case daemons
  /// Subject: the daemon that cannot reach it. PostgreSQL is gone: told past the database, by whoever misses it.
  case database

  /// What it says of itself at the head of a message.
  package var title: String {
    switch self {
    case .slo: "Keys are delivered too late"
    case .backlog: "Work is piling up"
    case .deadLetters: "Jobs were given up"
    case .smtp: "The mail server does not take mail"
    case .stripe: "Stripe's API does not answer"
    case .webhooks: "No event of Stripe's arrives"
    case .sealer: "The audit log is not sealed"
    case .reconciliation: "Reconciliation does not get through"
    case .breaks: "Differences with Stripe are open"
    case .lowStock: "Stock runs low"
    case .clock: "A clock is wrong"
    case .signatures: "Events are refused for their time"
    case .redis: "Redis cannot be reached"
    case .bounces: "Mails come back"
    case .parked: "Events wait for their order"
    case .quarantined: "Events are quarantined"
    case .daemons: "A daemon is gone"
    case .database: "The database cannot be reached"
    }
  }
}

/// How much haste there is.
package enum AlertSeverity: String, CaseIterable, Sendable {
  /// Customers wait, or money is at stake: somebody is to look now.
  case page
  /// Somebody is to look today.
  case warn
}

extension AlertRule {
  package var severity: AlertSeverity {
    switch self {
    case .slo, .backlog, .smtp, .stripe, .webhooks, .clock, .signatures, .daemons, .database: .page
    case .deadLetters, .sealer, .reconciliation, .breaks, .lowStock, .redis, .bounces, .parked, .quarantined: .warn
    }
  }
}

/// How an alert stands.
package enum AlertState: String, CaseIterable, Sendable {
  /// What it warns of is there, and may yet pass by itself.
  case pending
  case firing
  case resolved
}
