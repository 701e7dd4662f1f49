-- Indexes that no statement reads by: a vendor's lists go by orders, deliveries and listings, and row security looks at
-- rows that were found otherwise. Each key that came in and each unit that was sold paid for them.
DROP INDEX gkm.stock_unit_vendor;
DROP INDEX gkm.order_unit_vendor;
