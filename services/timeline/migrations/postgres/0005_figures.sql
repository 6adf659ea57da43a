-- Figures are counted over what was open in a time, and over what came and ended in it, from these alone.
CREATE INDEX loop_row_ended ON loop_row (district, ended_at, state, unconfirmed, resolution_kind);
CREATE INDEX loop_row_filed_at ON loop_row (district, filed_at);
