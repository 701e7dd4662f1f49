-- Orders are found by the address that a key was shown to: what a complaint or a bank often has is that alone.
CREATE INDEX reveal_address ON gkm.reveal (address, order_id) WHERE address IS NOT NULL;
