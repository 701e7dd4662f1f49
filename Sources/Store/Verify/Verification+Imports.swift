import Market
import Postgres

extension Verification {
  static let importChecks: [Check] = [
    Check(
      "imports.stage", "nothing that was sent stays behind once its import is over",
      counting: "SELECT count(*) FROM gkm.stock_import"
    ) { stage($0.graceSeconds) },
    Check(
      "imports.verdicts", "of every import each line has one verdict, and they add up",
      counting: "SELECT count(*) FROM gkm.stock_import", verdicts),
    Check(
      "imports.dry", "a dry run brings nothing into the stock", counting: "SELECT count(*) FROM gkm.stock_import",
      """
      SELECT 'import ' || i.id, 'was a dry run, and ' || count(*) || ' keys came of it'
      FROM gkm.stock_import i JOIN gkm.stock_unit u ON u.import_id = i.id
      WHERE i.is_dry_run OR i.state <> 'imported' GROUP BY i.id
      UNION ALL
      SELECT 'import ' || c.import_id, 'left ' || count(*) || ' fingerprints of its dry run behind'
      FROM gkm.stock_check c GROUP BY c.import_id
      """),
    Check(
      "reveals.gone", "no sealed key is kept for longer than a minute",
      counting: "SELECT count(*) FROM gkm.key_request",
      """
      SELECT 'request ' || e.request_id, 'has a sealed key of ' || extract(epoch FROM now() - e.written_at)::integer
        || ' seconds ago'
      FROM gkm.key_envelope e JOIN gkm.key_request r ON r.id = e.request_id
      WHERE e.written_at < now() - interval '1 minute' OR r.state NOT IN ('queued', 'answered')
      """),
    Check(
      "reveals.told", "every key that was shown was asked for, and the audit log says so",
      counting: "SELECT count(*) FROM gkm.key_request", told),
  ]

  private static func stage(_ grace: Double) -> SQL {
    """
    SELECT 'import ' || i.id, 'is ' || i.state || ', and ' || count(*) || ' sealed chunks of it are kept'
    FROM gkm.stock_import i JOIN gkm.stock_import_chunk c ON c.import_id = i.id
    WHERE i.state NOT IN ('uploading', 'queued') AND i.finished_at < now() - make_interval(secs => \(grace))
    GROUP BY i.id
    """
  }

  private static let verdicts: SQL = """
    SELECT 'import ' || i.id, 'had ' || i.rows_total || ' lines, ' || (i.rows_accepted + i.rows_repeated + i.rows_yours
      + i.rows_review + i.rows_malformed + i.rows_too_long) || ' of them counted and ' || coalesce(v.n, 0)
      || ' with a verdict'
    FROM gkm.stock_import i
    JOIN gkm.stock_import_progress p ON p.import_id = i.id
    LEFT JOIN (
      SELECT import_id, sum(last_row - first_row + 1) AS n,
        coalesce(sum(last_row - first_row + 1) FILTER (WHERE verdict IN ('imported', 'would_import')), 0) AS taken
      FROM gkm.stock_import_row GROUP BY 1
    ) v ON v.import_id = i.id
    WHERE i.state IN ('imported', 'checked') AND (
      i.rows_total <> coalesce(v.n, 0) OR i.rows_accepted <> coalesce(v.taken, 0)
      OR i.rows_total <> i.rows_accepted + i.rows_repeated + i.rows_yours + i.rows_review + i.rows_malformed
        + i.rows_too_long)
    """

  private static let told: SQL = """
    WITH told AS (
      SELECT subject_id, count(*) FILTER (WHERE action = 'key.reveal.requested') AS asked,
        count(*) FILTER (WHERE action = 'key.revealed') AS shown,
        count(*) FILTER (WHERE action = 'key.reveal.fetched') AS fetched
      FROM gkm.audit_event WHERE subject_kind = 'key_request' GROUP BY 1
    )
    SELECT 'request ' || r.id, 'is ' || r.state || ', and the audit log tells of ' || coalesce(t.asked, 0)
      || ' requests, ' || coalesce(t.shown, 0) || ' answers and ' || coalesce(t.fetched, 0) || ' looks'
    FROM gkm.key_request r LEFT JOIN told t ON t.subject_id = r.id::text
    WHERE r.kind = 'reveal' AND (
      coalesce(t.shown, 0) > coalesce(t.asked, 0)
      OR r.state IN ('answered', 'fetched') AND coalesce(t.shown, 0) <> 1
      OR r.state = 'fetched' AND coalesce(t.fetched, 0) <> 1)
    UNION ALL
    SELECT 'request ' || r.id, 'was ' || r.state || ' by nobody but ' || r.requested_by
    FROM gkm.key_request r WHERE r.state IN ('approved', 'rejected') AND r.decided_by IS NULL
    """
}
