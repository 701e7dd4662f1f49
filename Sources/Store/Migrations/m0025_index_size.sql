-- Indexes say no more than what is looked for by them. The ids that stood at the end of these made each entry another
-- one, where PostgreSQL keeps one key with the places of all rows that have it: the events of an order, or of one moment.
-- Rows of one key are few, and put in the order of their ids when they are read.

DROP INDEX gkm.audit_event_order;
CREATE INDEX audit_event_order ON gkm.audit_event (order_id) WHERE order_id IS NOT NULL;
DROP INDEX gkm.audit_event_subject;
CREATE INDEX audit_event_subject ON gkm.audit_event (subject_kind, subject_id, at) WHERE subject_kind <> 'order';
DROP INDEX gkm.audit_event_at;
CREATE INDEX audit_event_at ON gkm.audit_event (at);
DROP INDEX gkm.audit_event_vendor;
CREATE INDEX audit_event_vendor ON gkm.audit_event (vendor_id, at) WHERE vendor_id IS NOT NULL;

-- One index by an order's number finds the whole of it and its beginning: the operators of its class hold equality too.
ALTER TABLE gkm.orders DROP CONSTRAINT orders_number_key;
DROP INDEX gkm.orders_number_prefix;
CREATE UNIQUE INDEX orders_number_key ON gkm.orders (number text_pattern_ops);
