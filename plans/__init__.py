"""What a plan and a run are: pure data and rules, no I/O, no clock, no Temporal."""
