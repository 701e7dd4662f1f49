extension VerificationTests {
  private static let first = "SELECT 'import ' || min(id) FROM gkm.stock_import"
  private static let firstID = "(SELECT min(id) FROM gkm.stock_import)"

  private static let request = """
    INSERT INTO gkm.key_request (id, kind, stock_unit_id, reason, state, requested_as) OVERRIDING SYSTEM VALUE
    SELECT 99, 'reveal', min(id), 'for a test', 'fetched', 'ops' FROM gkm.stock_unit;
    """
  private static let itsRequest = "SELECT 'request 99'"

  static let importPlants: [Plant] = [
    Plant(
      "imports.stage", of: first,
      """
      UPDATE gkm.stock_import SET finished_at = now() - interval '1 day' WHERE id = \(firstID);
      INSERT INTO gkm.stock_import_chunk (import_id, position, row_count, sealed)
      VALUES (\(firstID), 0, 1, decode(repeat('00', 64), 'hex'));
      """),
    Plant(
      "imports.verdicts", of: first,
      "INSERT INTO gkm.stock_import_progress (import_id, vendor_id) VALUES (\(firstID), 1);"),
    Plant("imports.dry", of: first, "UPDATE gkm.stock_import SET is_dry_run = true WHERE id = \(firstID);"),
    Plant(
      "reveals.gone", of: itsRequest,
      """
      \(request)
      INSERT INTO gkm.key_envelope (request_id, sealed)
      SELECT max(id), decode(repeat('00', 64), 'hex') FROM gkm.key_request;
      """),
    Plant("reveals.told", of: itsRequest, request),
  ]
}
