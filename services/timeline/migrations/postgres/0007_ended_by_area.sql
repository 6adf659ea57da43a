-- What ended last in an area, beside a loop of it that is open: of an area in which little ended, all that ended anywhere
-- was gone through.
CREATE INDEX loop_row_ended_area ON loop_row (district, area, version) WHERE is_open = 0;
