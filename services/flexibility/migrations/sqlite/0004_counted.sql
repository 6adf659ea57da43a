-- How often a rule or an area was met is counted from these alone: nothing is looked up for each time.
CREATE INDEX met_area_counted ON met (district, area, confidential, loop, school, open, kind);
CREATE INDEX met_rule_counted ON met (district, rule, confidential, loop, school, open, kind) WHERE rule <> '';
