-- Taking a vendor in.
SET ROLE gkm_api;

CREATE OR REPLACE FUNCTION api.vendor_add(
  p_handle text, p_name text, p_email text, p_locale text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  vendor bigint;
BEGIN
  IF p_handle IS NULL OR p_handle !~ '^[a-z0-9][a-z0-9-]{1,39}$' THEN
    RAISE EXCEPTION 'a handle is 2 to 40 lower-case letters, digits and -' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_name IS NULL OR length(p_name) NOT BETWEEN 1 AND 120 THEN
    RAISE EXCEPTION 'a name has 1 to 120 characters' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_email IS NULL OR length(p_email) > 254 OR p_email !~ '^[^\s@<>"]+@[^\s@<>"]+\.[^\s@<>"]+$' THEN
    RAISE EXCEPTION 'that is no e-mail address' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF p_locale IS NULL OR p_locale !~ '^[a-z]{2}(-[A-Z]{2})?$' THEN
    RAISE EXCEPTION 'a language is en, es or es-MX' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF EXISTS (SELECT FROM gkm.vendor v WHERE v.handle = p_handle) THEN
    RAISE EXCEPTION 'there is a vendor % already', p_handle USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  INSERT INTO gkm.vendor (handle, name, contact_email, locale) VALUES (p_handle, p_name, p_email, p_locale)
  RETURNING id INTO vendor;
  PERFORM gkm.audit('vendor.added', 'vendor', vendor::text, NULL, NULL, vendor, person_role, reason,
    ARRAY['handle', p_handle, 'locale', p_locale]);
  RETURN vendor;
END $$;

-- A listing that is not on sale yet: its vendor brings keys, and somebody opens it.
CREATE OR REPLACE FUNCTION api.listing_add(
  p_vendor bigint, p_product bigint, p_price bigint, p_currency text, p_reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
  person_role text := gkm.demand_role('admin');
  reason text := gkm.demand_reason(p_reason);
  listing bigint;
BEGIN
  IF p_price IS NULL OR p_price <= 0 THEN
    RAISE EXCEPTION 'a price is more than nothing' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NOT EXISTS (SELECT FROM gkm.product p WHERE p.id = p_product) THEN
    RAISE EXCEPTION 'there is no product %', coalesce(p_product::text, 'named') USING ERRCODE = 'no_data_found';
  END IF;
  INSERT INTO gkm.listing (vendor_id, product_id, price, currency, state)
  VALUES (p_vendor, p_product, p_price, p_currency, 'paused') RETURNING id INTO listing;
  INSERT INTO gkm.listing_stock (listing_id, vendor_id) VALUES (listing, p_vendor);
  PERFORM gkm.audit('listing.added', 'listing', listing::text, NULL, NULL, p_vendor, person_role, reason,
    ARRAY['product', p_product::text, 'price', p_price::text, 'currency', p_currency, 'state', 'paused']);
  RETURN listing;
END $$;
RESET ROLE;
