-- What a few people are to decide is found among all that is open; what is for named people only, among all there is.
CREATE INDEX loop_row_holder ON loop_row (district, holder, filed_seq) WHERE is_open = 1;
CREATE INDEX loop_row_confidential ON loop_row (district) WHERE visibility = 'confidential';
-- Figures are counted in memory.
DROP INDEX loop_row_ended;
DROP INDEX loop_row_filed_at;
-- Where somebody is named.
CREATE INDEX loop_person_person ON loop_person (person);
