-- Figures are counted over what was open in a time, and over what came and ended in it.
CREATE INDEX loop_row_ended ON loop_row (district, ended_at);
CREATE INDEX loop_row_filed_at ON loop_row (district, filed_at);
