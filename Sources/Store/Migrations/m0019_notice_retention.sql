-- By when notices came to be: what takes old ones away must not read all of them. They come in the order of their time.
CREATE INDEX notice_created ON gkm.notice USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);
