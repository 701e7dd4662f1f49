-- A vendor who looks for a number's beginning has the ids of the orders from the index alone: of a letter or two there
-- are tens of thousands.

CREATE INDEX vendor_order_numbers ON gkm.vendor_order (vendor_id, number text_pattern_ops) INCLUDE (order_id);
DROP INDEX gkm.vendor_order_number;
ALTER INDEX gkm.vendor_order_numbers RENAME TO vendor_order_number;
