import Postgres

extension Verification {
  static let reconciliationChecks: [Check] = [
    Check(
      "breaks.owned", "every difference to Stripe is seen to by somebody, and soon",
      counting: "SELECT count(*) FROM gkm.recon_break WHERE state IN ('open', 'assigned', 'explained')",
      """
      SELECT 'break ' || b.id, CASE
        WHEN p.disabled_at IS NOT NULL THEN 'is assigned to ' || p.role_name || ', who is not here any more'
        ELSE b.kind || ' of ' || b.subject || ' is ' || b.state || ' for ' || date_part('day', now() - b.opened_at)
          || ' days' END
      FROM gkm.recon_break b LEFT JOIN gkm.person p ON p.id = b.assignee
      WHERE b.state IN ('open', 'assigned')
        AND (p.disabled_at IS NOT NULL OR b.opened_at < now() - interval '14 days')
      """),
    Check(
      "breaks.told", "every difference was told to the audit log when it was found",
      counting: "SELECT count(*) FROM gkm.recon_break",
      """
      SELECT 'break ' || b.id, b.kind || ' of ' || b.subject || ' has no event that says it was found'
      FROM gkm.recon_break b
      WHERE NOT EXISTS (
        SELECT FROM gkm.audit_event e WHERE e.subject_kind = 'recon_break' AND e.subject_id = b.id::text
          AND e.subject_kind <> 'order' AND e.action = 'recon.break.opened')
      """),
    Check(
      "balance.lines", "a line of Stripe's balance is what moved less its fee",
      counting: "SELECT count(*) FROM gkm.balance_line",
      """
      SELECT id, 'moves ' || amount || ' less ' || fee || ', and nets ' || net FROM gkm.balance_line
      WHERE net <> amount - fee
      """),
    Check(
      "reconcile.runs", "what Stripe says is held against the market again and again",
      counting: "SELECT count(*) FROM gkm.recon_run",
      """
      SELECT 'run ' || id, 'over ' || kind || ' is under way since ' || date_trunc('second', started_at)
        || coalesce(': ' || problem, '')
      FROM gkm.recon_run
      WHERE ended_at IS NULL AND period IS NOT NULL
        AND started_at < now() - CASE kind WHEN 'events' THEN interval '1 hour' ELSE interval '12 hours' END
      """),
  ]
}
