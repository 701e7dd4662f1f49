import Postgres

extension Verification {
  static let noticeChecks: [Check] = [
    Check(
      "notices.attempts", "every attempt of a notice is on record, and what was sent went out under a name of its own",
      counting: "SELECT count(*) FROM gkm.notice", attempts),
    Check(
      "notices.templates", "every notice that was sent names the registered version of the text it was written from",
      counting: "SELECT count(*) FROM gkm.notice WHERE state IN ('sent', 'bounced') AND channel <> 'webhook'",
      // A vendor's systems get no text, but a payload with a version of its own. The register is younger than notices.
      """
      WITH since AS (
        SELECT greatest(max(m.applied_at), (SELECT max(i.created_at) FROM gkm.installation i)) AS at
        FROM gkm.schema_migration m WHERE m.version = 14
      )
      SELECT 'notice ' || n.id,
        CASE WHEN n.template_version IS NULL THEN 'names no template' ELSE 'names a template nobody knows' END
      FROM since
      JOIN gkm.notice n ON n.state IN ('sent', 'bounced') AND n.channel <> 'webhook' AND n.sent_at > since.at
      LEFT JOIN gkm.template v ON v.version = n.template_version
      WHERE v.version IS NULL
      """),
    Check(
      "notices.queued", "a notice that is not settled has a job that sends it, or lies with the dead letters",
      counting: "SELECT count(*) FROM gkm.notice WHERE state NOT IN ('sent', 'cancelled', 'bounced')",
      """
      SELECT 'notice ' || n.id, 'is ' || n.state || ', and nothing will ever send it'
      FROM gkm.notice n
      WHERE n.state NOT IN ('sent', 'cancelled', 'bounced')
        AND NOT EXISTS (SELECT FROM gkm.job j WHERE j.kind = 'notify' AND j.subject = n.id::text)
        AND NOT EXISTS (SELECT FROM gkm.job_dead d WHERE d.kind = 'notify' AND d.subject = n.id::text)
        AND n.updated_at < now() - interval '1 minute'
      """),
  ]

  private static let attempts: SQL = """
    WITH t AS (
      SELECT notice_id, count(*) AS n, max(number) AS last, count(*) FILTER (WHERE outcome = 'confirmed') AS confirmed,
        count(*) FILTER (WHERE outcome = 'prepared') AS prepared,
        max(number) FILTER (WHERE outcome = 'prepared') AS last_prepared
      FROM gkm.notice_attempt GROUP BY 1
    ), judged AS (
      SELECT n.id, CASE
        WHEN n.attempts <> coalesce(t.n, 0) OR coalesce(t.last, 0) <> coalesce(t.n, 0)
          THEN 'counts ' || n.attempts || ' attempts, and ' || coalesce(t.n, 0) || ' are on record'
        WHEN t.prepared > 1 OR t.last_prepared < t.last
          THEN 'has an attempt that ended nobody knows how, and is not marked unknown'
        WHEN (n.state = 'sending') <> (coalesce(t.prepared, 0) = 1)
          THEN 'is ' || n.state || ', and its last attempt says something else'
        WHEN n.state IN ('sent', 'bounced') AND coalesce(t.confirmed, 0) = 0 THEN 'is sent, and no attempt was'
        WHEN n.state IN ('sent', 'bounced') AND (n.sent_at IS NULL OR n.message_id IS NULL OR n.template_version IS NULL)
          THEN 'is sent, and nobody knows when, under which name or in which words'
        WHEN t.confirmed > 1 THEN 'was sent ' || t.confirmed || ' times'
      END AS problem
      FROM gkm.notice n LEFT JOIN t ON t.notice_id = n.id
    )
    SELECT 'notice ' || id, problem FROM judged WHERE problem IS NOT NULL
    UNION ALL
    SELECT message_id, 'is the name of notices ' || string_agg(id::text, ', ' ORDER BY id)
    FROM gkm.notice WHERE message_id IS NOT NULL GROUP BY message_id HAVING count(*) > 1
    """
}
