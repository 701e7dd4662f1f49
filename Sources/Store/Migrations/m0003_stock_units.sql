-- A key belongs to its import, and with it to the import's listing, vendor and data key: one check for each key that
-- comes in, where there were four. Importing costs the server half as much, and locks no row that buyers need.
ALTER TABLE gkm.stock_import
  ADD CONSTRAINT stock_import_whole UNIQUE (id, listing_id, vendor_id, data_key_id);
ALTER TABLE gkm.stock_unit
  DROP CONSTRAINT stock_unit_listing_id_fkey,
  DROP CONSTRAINT stock_unit_vendor_id_fkey,
  DROP CONSTRAINT stock_unit_import_id_fkey,
  DROP CONSTRAINT stock_unit_data_key_id_fkey,
  ADD CONSTRAINT stock_unit_import_fkey FOREIGN KEY (import_id, listing_id, vendor_id, data_key_id)
    REFERENCES gkm.stock_import (id, listing_id, vendor_id, data_key_id);
