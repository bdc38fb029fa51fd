-- What users call for campaigns.

CREATE PROCEDURE clientcore.start_campaign(
    base text,
    name text,
    from_list text,
    offer text DEFAULT NULL,
    holdout numeric DEFAULT 0.1,
    budget numeric DEFAULT NULL,
    ends_on date DEFAULT NULL,
    cost_per_client numeric DEFAULT NULL,
    cost_per_return numeric DEFAULT NULL,
    overlap boolean DEFAULT false,
    preview boolean DEFAULT false)
LANGUAGE plpgsql AS $$
DECLARE
    done pg_catalog.jsonb;
BEGIN
    PERFORM clientcore.require_read_committed(), clientcore.require_argument('name', name);
    done := clientcore.run_as_owner(clientcore.base_owner(base), CASE WHEN preview THEN 'base_plan_campaign' ELSE 'base_start_campaign' END, base,
        pg_catalog.jsonb_build_object('name', name, 'from_list', from_list, 'offer', offer, 'holdout', holdout, 'budget', budget, 'ends_on', ends_on,
            'cost_per_client', cost_per_client, 'cost_per_return', cost_per_return, 'overlap', overlap, 'path', clientcore.path_text(pg_catalog.current_schemas(false))));
    PERFORM clientcore.tell(ARRAY(SELECT line FROM clientcore.campaign_lines(done)));
END
$$;
COMMENT ON PROCEDURE clientcore.start_campaign(text, text, text, text, numeric, numeric, date, numeric, numeric, boolean, boolean) IS
'Starts a campaign: freezes a list of clients and divides it, by chance that can be repeated, into those written to and those held back. from_list is a view of the base, a table or view with a column client_id, or a query with one; those not known to the base, protected, without consent or, unless overlap is true, held back in another campaign that runs are left out. offer is the name of a row of the table offer, or any text; holdout the share held back (0.1); cost_per_client is what writing to one costs, cost_per_return what each gets that returns; the cost of the offer is the first for a gift, else the second; budget limits how many are written to, those of most value first, so that it suffices if all return; ends_on is the last day on which a purchase counts as a return (90 days after the day of the base). The view campaign_export_N of the base has those to be written to, campaign_results what comes of it. With preview => true nothing is stored, and only told what the list could prove. Errors: 3F000 where there is no such base, 22004 and 22023 for arguments (a name that is taken, a list that leads to nobody), those of the query, 42501, 25000, 25006, 55000, 55P03.';
