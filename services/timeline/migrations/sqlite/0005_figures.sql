-- Figures are counted over what came and ended in a time, from these alone: nothing is looked up for each.
CREATE INDEX loop_row_ended ON loop_row (
    district, ended_at, filed_at, state, unconfirmed, refused, resolution_kind, department, area, visibility, leader_asked
) WHERE ended_at IS NOT NULL;
CREATE INDEX loop_row_filed_at ON loop_row (district, filed_at, visibility, leader_asked);
