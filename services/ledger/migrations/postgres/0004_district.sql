-- What belongs to a ledger is kept apart as the ledgers are: whoever reads for one district sees one ledger, and what is
-- in it. (The setting is explained where the lock on tables with a district is put on.)
CREATE POLICY own_district ON entry USING (
    (SELECT current_setting('loopline.district', true)) = '*' OR ledger IN (SELECT id FROM ledger)
);
ALTER TABLE entry ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_district ON node USING (
    (SELECT current_setting('loopline.district', true)) = '*' OR ledger IN (SELECT id FROM ledger)
);
ALTER TABLE node ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_district ON signed USING (
    (SELECT current_setting('loopline.district', true)) = '*' OR ledger IN (SELECT id FROM ledger)
);
ALTER TABLE signed ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_district ON signing_key USING (
    (SELECT current_setting('loopline.district', true)) = '*' OR ledger IN (SELECT id FROM ledger)
);
ALTER TABLE signing_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
