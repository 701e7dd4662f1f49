extension VerificationTests {
  /// A notice of the tests, which nothing will ever send.
  private static let pending = """
    INSERT INTO gkm.notice (id, audience, channel, template, dedupe, vendor_id, locale, state, updated_at)
    SELECT 900001, 'vendor', 'email', 'vendor_low_stock', 'planted', min(id), 'en', 'pending', now() - interval '1 hour'
    FROM gkm.vendor;
    """

  static let noticePlants: [Plant] = [
    Plant(
      "notices.attempts", of: "SELECT 'notice 900001'",
      """
      \(pending)
      UPDATE gkm.notice SET state = 'sent', sent_at = now(), message_id = '<a@b>', template_version = '1', attempts = 1
      WHERE id = 900001;
      """),
    Plant(
      "notices.templates", of: "SELECT 'notice 900001'",
      """
      \(pending)
      UPDATE gkm.notice SET state = 'sent', sent_at = now() + interval '1 hour', message_id = '<a@b>',
        template_version = repeat('0', 64), attempts = 1
      WHERE id = 900001;
      """),
    Plant("notices.queued", of: "SELECT 'notice 900001'", pending),
  ]
}
